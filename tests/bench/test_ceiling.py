import pytest

from lenet.engines import kernels
from lenet.engines.kernels.build import find_compiler

ceiling = pytest.importorskip("ceiling", reason="bench/ is not there")
OWN = kernels.variant_name()
VARIANTS = [pytest.param(name, marks=[] if name == OWN else pytest.mark.build) for name in kernels.variants()]


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loop_compiles_and_counts_its_operations(variant):
    run = ceiling.compile_ceiling(variant)
    assert run(2, 100) == 2 * run(1, 100) == 4 * run(1, 50) > 0
