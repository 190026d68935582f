"""How a subject of an older version becomes one of the next: one function for each version that has a newer one.

They are part of the published language, like the schemas: every service that reads events reads old ones by these.
"""

from collections.abc import Callable, Mapping
from typing import Any

Subject = dict[str, Any]
Upcaster = Callable[[Subject], Subject]

# By type and the version that is read: {("USER_CREATED", 1): …}. So far every type has one version.
UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
