"""The answer for programs: a GS1 link set (RFC 9264) and the description of this resolver. Pure."""

from collections.abc import Mapping
from typing import Any

from traceability.resolver.link import GS1

CONTEXT = "https://ref.gs1.org/standards/resolver/linkset-context"
MEDIA_TYPE = "application/linkset+json"
LANGUAGES = ["zh-Hans", "en"]
# Link type → the part of our page it leads to. For a pallet there is no product page.
TARGETS: Mapping[str, str] = {
    "defaultLink": "",
    "pip": "",
    "recallStatus": "#recall",
    "support": "#contact",
}
TITLES: Mapping[str, str] = {
    "defaultLink": "产品批次信息 / Product and batch",
    "pip": "产品批次信息 / Product and batch",
    "recallStatus": "召回状态 / Recall status",
    "support": "投诉与咨询 / Complaints and questions",
}


def link_set(*, root: str, path: str, description: str) -> dict[str, Any]:
    """`root`: scheme and host of this request; every target is a page of ours."""
    anchor = f"{root}{path}"
    links = {
        f"{GS1}{name}": [
            {
                "href": f"{anchor}{part}",
                "title": TITLES[name],
                "type": "text/html",
                "hreflang": LANGUAGES,
            }
        ]
        for name, part in TARGETS.items()
    }
    return {"linkset": [{"anchor": anchor, "description": description, **links}]}


def description_of_resolver(root: str) -> dict[str, Any]:
    """The document at /.well-known/gs1resolver."""
    return {
        "name": "Saltline",
        "resolverRoot": root,
        "supportedPrimaryKeys": ["00", "01"],
        "supportedLinkType": [{"namespace": GS1, "prefix": "gs1:"}],
        "linkTypeDefaultCanBeLinkset": False,
        "jsonLdContextLocation": CONTEXT,
    }
