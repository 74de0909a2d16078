"""The helpers of the book's classes."""

from lenet import d2l


def test_hyperparameters_become_attributes():
    class Thing(d2l.HyperParameters):
        def __init__(self, a, b, c=3):
            self.save_hyperparameters(ignore=["b"])

    thing = Thing(1, 2)
    assert (thing.a, thing.c, thing.hparams) == (1, 3, {"a": 1, "c": 3})
    assert not hasattr(thing, "b")


def test_add_to_class():
    class Thing:
        pass

    thing = Thing()

    @d2l.add_to_class(Thing)
    def do(self):
        return 5

    assert thing.do() == 5
