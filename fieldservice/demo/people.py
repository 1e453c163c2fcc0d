"""Who works at the demo's salt works. All names are invented; one password for all."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from backend.accounts.models import Region, User
from backend.accounts.rules import Role

PASSWORD = "saltline-demo"
EAST, CENTRAL, SOUTH, WEST = "east", "central", "south", "west"
REGIONS = {
    EAST: ("华东", "East"),
    CENTRAL: ("华中", "Central"),
    SOUTH: ("华南", "South"),
    WEST: ("西南", "South-west"),
}
ALL = tuple(REGIONS)


@dataclass(frozen=True)
class Account:
    username: str
    role: Role
    name: str
    regions: tuple[str, ...] = ALL


# One of each role, and the second person that quality control needs.
SHOWN = (
    Account("technician1", Role.TECHNICIAN, "周启明", (EAST,)),
    Account("clerk1", Role.CLERK, "沈佳慧", (EAST,)),
    Account("director", Role.DIRECTOR, "顾长河"),
    Account("qc1", Role.QC, "林素澄"),
    Account("qc2", Role.QC, "邵明远"),
    Account("finance", Role.FINANCE, "陆亦清"),
    Account("production", Role.PRODUCTION, "高立新"),
    Account("logistics", Role.LOGISTICS, "马行舟"),
    Account("auditor", Role.AUDITOR, "方知微"),
    Account("admin", Role.ADMIN, "秦书恒"),
    Account("dealer", Role.DEALER, "薛广源", (EAST,)),
)
OTHERS = (
    Account("technician2", Role.TECHNICIAN, "郑海川", (EAST,)),
    Account("technician3", Role.TECHNICIAN, "黄奕辰", (CENTRAL,)),
    Account("technician4", Role.TECHNICIAN, "彭思齐", (CENTRAL,)),
    Account("technician5", Role.TECHNICIAN, "梁景行", (SOUTH,)),
    Account("technician6", Role.TECHNICIAN, "吴子昂", (SOUTH,)),
    Account("technician7", Role.TECHNICIAN, "杜若衡", (WEST,)),
    Account("technician8", Role.TECHNICIAN, "蒋云开", (WEST,)),
    Account("clerk2", Role.CLERK, "许念慈", (CENTRAL,)),
    Account("clerk3", Role.CLERK, "谭予安", (SOUTH,)),
    Account("clerk4", Role.CLERK, "罗静姝", (WEST,)),
    Account("laboratory1", Role.QC, "韩知秋"),
    Account("laboratory2", Role.QC, "丁望舒"),
)


@dataclass(frozen=True)
class People:
    by_name: Mapping[str, User]

    def __getitem__(self, username: str) -> User:
        return self.by_name[username]

    def technicians(self, region: str | None = None) -> list[User]:
        """By user name; of one region, or all eight."""
        found = [user for user in self.by_name.values() if user.role == Role.TECHNICIAN]
        return [user for user in found if region is None or region in user.regions]

    def clerk_of(self, region: str) -> User:
        return next(u for u in self.by_name.values() if u.role == Role.CLERK and region in u.regions)


def make_people() -> People:
    """Regions and accounts."""
    regions = [Region(code=code, name_zh=zh, name_en=en) for code, (zh, en) in REGIONS.items()]
    Region.objects.bulk_create(regions, ignore_conflicts=True)  # the office may have made one already
    hashed = make_password(PASSWORD)  # argon2 is slow on purpose: once for all of them
    users = [
        User(
            username=account.username,
            role=account.role,
            display_name=account.name,
            regions=list(account.regions),
            phone=f"1990000{number:04d}",
            password=hashed,
        )
        for number, account in enumerate(SHOWN + OTHERS, start=1)
    ]
    return People({user.username: user for user in User.objects.bulk_create(users)})
