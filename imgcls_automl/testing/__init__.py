"""Contract suites for a plugin's own tests: subclass one in pytest and give it one fixture.

    from imgcls_automl.testing import DatasetAdapterContract, SearchSpaceContract

Each test is a promise of `imgcls_automl.plugin`, in its docstring; where it is broken, the failure says what was seen
and what to change. `imgcls-automl plugins check NAME` asks the same of a plugin without pytest.
"""

from imgcls_automl.testing.adapters import DatasetAdapterContract
from imgcls_automl.testing.spaces import SearchSpaceContract

__all__ = ["DatasetAdapterContract", "SearchSpaceContract"]
