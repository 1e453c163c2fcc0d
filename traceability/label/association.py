"""Which application identifiers belong together on one item (GS1 General Specifications 4.13 and 4.14)."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from traceability.label.application_identifier import BadElement

# AI, or its first digits for a family → groups of which each must be present, by one of its AIs (or families).
Needs = tuple[tuple[str, ...], ...]
_GTIN = ("01", "02")
_TRADE_ITEM = ("01", "02", "03", "8006", "8026")
_ITEM_KEPT = ("01", "02", "8006", "8026")
_UNIT = ("00",)
_LOGISTIC_MEASURE = ("00", "01")
_VARIABLE_MEASURE = ("30", "31", "32", "35", "36")
_PERSON = ("8017", "8018")


def _needs(ais: str, *groups: tuple[str, ...]) -> dict[str, Needs]:
    return dict.fromkeys(ais.split(), groups)


_NEEDS: dict[str, Needs] = {
    **_needs("02 8026", ("37",)),
    **_needs("10 11 13 15 16", _TRADE_ITEM),
    **_needs("17", (*_TRADE_ITEM, "255")),
    **_needs("20 240 241 242 422 7001", _ITEM_KEPT),
    **_needs("21", ("01", "03", "8006")),
    **_needs("22 235 243 710 711 712 713 714 715 716 8001 8014 8200", ("01",)),
    **_needs("250", ("01", "8006"), ("21",)),
    **_needs("251 7021 7240 8012", ("01", "8006")),
    **_needs("12 391", ("8020",)),
    **_needs("254", ("414",)),
    **_needs("30 423 424 425 426 8005 8008", _GTIN),
    **_needs("7002 7003 7005 7006 7007 7008 7009 7010 7011 703", _GTIN),
    **_needs("310 311 312 313 314 315 316 350 351 352 356 357 360 361 364 365 366", _GTIN),
    **_needs("320 321 322 323 324 325 326 327 328 329", _GTIN),
    **_needs("330 331 332 333 334 335 336 353 354 355 362 363 367 368 369", _LOGISTIC_MEASURE),
    **_needs("340 341 342 343 344 345 346 347 348 349 8009", _LOGISTIC_MEASURE),
    **_needs("337", ("01",)),
    **_needs("37", _UNIT, ("02", "8026")),
    **_needs("390", ("255", "8020")),
    **_needs("392", ("01",), _VARIABLE_MEASURE),
    **_needs("393 395", _VARIABLE_MEASURE),
    **_needs("394 8111", ("255",)),
    **_needs("403 430 431 432 433 7041", _UNIT),
    **_needs("4303", ("4302",)),
    **_needs("4313", ("4312",)),
    **_needs("427", _GTIN, ("422",)),
    **_needs("415", ("8020",)),
    **_needs("7004", ("01",), ("10",)),
    **_needs("7020", ("01", "8006"), ("416",)),
    **_needs("7022", ("7021",)),
    **_needs("723", ("01", "8004")),
    **_needs("7241 7242 7253 7254 7255 7256 8019", _PERSON),
    **_needs("7250 7251 7252 7257 7259", ("8018",)),
    **_needs("7258", ("8018",), ("7259",)),
    **_needs("8007 8020", ("415",)),
    **_needs("8011", ("8010",)),
    **_needs("8030", ("00", "01", "253", "255", "8003", "8004", "8006", "8010", "8017", "8018")),
}
# AI (or family) → what may not stand beside it. A family may not occur twice with other decimals either.
_FORBIDDEN = {
    one: tuple(others.split())
    for one, others in {
        "01": "02 03 37 255 8006",
        "02": "03 255 8026",
        "37": "03 8006",
        "235": "21",
        "255": "415 8006 8020 8026",
        "390": "391 394 8111",
        "392": "393 395",
        "395": "393 8005",
        "394": "8111",
        "421": "420 4307",
        "426": "422 423 424 425",
        "4330": "4331",
        "4332": "4333",
        "7250": "7251",
        "7256": "7253 7254 7255 7259",
        "7259": "7253 7254 7255",
        "8006": "8026",
        "8017": "8018",
    }.items()
}
_ONE_OF_FAMILY = ("31", "32", "33", "34", "35", "36", "39")


def refuse_contradictions(ais: Sequence[tuple[str, str]]) -> None:
    """Raises BadElement where an AI is repeated with another value or stands beside one that excludes it."""
    values: dict[str, str] = {}
    for ai, value in ais:
        if values.setdefault(ai, value) != value:
            raise BadElement("repeated_differs", ai)
    if _contradict(frozenset(values)):
        raise BadElement("forbidden_pair")


def lacks_company(ais: Sequence[tuple[str, str]]) -> bool:
    """Whether an AI stands without one it needs.

    Not an error of this code: the standard asks for it over all codes of the item, and a sack often
    has its GTIN in one and its lot in another. Seen alone the code is incomplete, which must be said.
    """
    return _incomplete(frozenset(ai for ai, _ in ais))


# Labels come in few combinations of fields.
@lru_cache(maxsize=1024)
def _contradict(ais: frozenset[str]) -> bool:
    families = [ai[:3] for ai in ais if ai[:2] in _ONE_OF_FAMILY]
    return len(families) != len(set(families)) or any(
        _present(one, ais) and any(_present(other, ais) for other in others)
        for one, others in _FORBIDDEN.items()
    )


@lru_cache(maxsize=1024)
def _incomplete(ais: frozenset[str]) -> bool:
    return any(
        not any(_present(needed, ais) for needed in group)
        for ai in ais
        for group in _NEEDS.get(ai) or _NEEDS.get(ai[:3]) or ()
    )


def _present(code: str, ais: Collection[str]) -> bool:
    """Whether `code`, or a member of the family `code`, is among `ais`."""
    return code in ais or (len(code) in (2, 3) and any(len(ai) == 4 and ai.startswith(code) for ai in ais))
