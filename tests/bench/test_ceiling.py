import pytest

from lenet.engines import kernels

ceiling = pytest.importorskip("ceiling", reason="bench/ is not there")


@pytest.mark.build
@pytest.mark.parametrize("variant", kernels.variants())
def test_the_loop_compiles_and_counts_its_operations(variant):
    run = ceiling.compile_ceiling(variant)
    assert run(2, 100) == 2 * run(1, 100) == 4 * run(1, 50) > 0
