"""Whether the docstrings of public names are in Google style and name what they should.

Measure a trained network.

Args:
    run: a run, or the path of its directory.

Returns:
    Accuracy, loss and confusion matrix.

Raises:
    RunError: if the run is not finished.
"""

import ast
import dataclasses
import inspect
import re
import textwrap

import lenet
from lenet.errors import LenetError

NOT_DOCUMENTED = {"RECIPES", "__version__"}  # values
NO_VERBS = {"a", "all", "an", "every", "how", "it", "no", "one", "that", "the", "this", "what", "where", "whether"}


def public_names():
    """Each public name, what it is, and for a method its class: lenet's, those of its modules, methods."""
    things = {name: getattr(lenet, name) for name in sorted(set(lenet.__all__) - NOT_DOCUMENTED)}
    modules = {name: things.pop(name) for name in list(things) if inspect.ismodule(things[name])}
    for name, module in modules.items():
        inner = {f"{name}.{each}": getattr(module, each) for each in sorted(module.__all__)}
        things |= {each: thing for each, thing in inner.items() if thing not in list(things.values())}
    for name, thing in things.items():
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield name, thing, None
        if inspect.isclass(thing):
            yield from methods(name, thing)


def methods(name, thing):
    for method in sorted(vars(thing)):
        value = inspect.getattr_static(thing, method)
        value = getattr(value, "__func__", value)  # of a classmethod or staticmethod
        if not method.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            yield f"{name}.{method}", value, thing


def problems(thing, owner=None):
    """What is wrong with the docstring of a class, function, method or property; empty if nothing is."""
    text = inspect.cleandoc(thing.__doc__ or "")
    if not text or (dataclasses.is_dataclass(thing) and text.startswith(f"{thing.__name__}(")):
        return ["no docstring"]
    found = []
    first = text.splitlines()[0]
    if not first.endswith("."):
        found.append("its first line is not a sentence")
    if inspect.isfunction(thing) and not is_imperative(first):
        found.append("its first line is not in the imperative")
    sections = read(text)
    function = thing.fget if isinstance(thing, property) else thing
    expected = fields(thing) if inspect.isclass(thing) else parameters(function)
    named = sections.get("Args", []) + (sections.get("Attributes", []) if dataclasses.is_dataclass(thing) else [])
    named = [name for name in named if name != "self"]  # of a function that also becomes a method
    if expected is not None and sorted(named) != sorted(expected):
        found.append(f"it documents {', '.join(named) or 'no arguments'} instead of {', '.join(expected) or 'none'}")
    if inspect.isfunction(thing):
        returns = inspect.signature(thing).return_annotation not in (None, "None")
        if returns != bool({"Returns", "Yields"} & set(sections)):
            found.append("Returns: is missing" if returns else "Returns: is superfluous")
    if not inspect.isclass(thing) and raises(function, owner) and "Raises" not in sections:
        found.append("Raises: is missing")
    return found


def is_imperative(sentence):
    word = re.match(r"\W*(\w*)", sentence)[1].lower()
    return word not in NO_VERBS and not (word.endswith("s") and not word.endswith("ss"))


def read(text):
    """The sections of a docstring: of each, the names it explains; of Returns none."""
    sections, entries = {}, None
    for line in text.splitlines():
        if title := re.fullmatch(r"(Args|Attributes|Returns|Yields|Raises):", line):
            entries = sections.setdefault(title[1], [])
        elif line and not line.startswith(" "):
            entries = None
        elif entries is not None and (entry := re.match(r" {4}\*{0,2}(\w+): ", line)):
            entries.append(entry[1])
    return sections


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


def fields(cls):
    """What the docstring of a class has to explain; None if that is left open."""
    if dataclasses.is_dataclass(cls):
        public = [field for field in dataclasses.fields(cls) if not field.name.startswith("_")]
        explained = all("help" in field.metadata for field in public)
        return [] if explained else [field.name for field in public]
    if issubclass(cls, LenetError) and "__init__" not in vars(cls):
        return None
    return parameters(cls.__init__) if "__init__" in vars(cls) else None


def raises(function, owner=None, seen=None):
    """Whether a function raises a LenetError, itself or in a function of lenet that it calls, as far as can be read."""
    seen = set() if seen is None else seen
    function = inspect.unwrap(function)
    is_ours = (getattr(function, "__module__", None) or "").startswith("lenet")
    if function in seen or not is_ours or function.__code__.co_filename.startswith("<"):  # made by dataclasses
        return False
    seen.add(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = dict(function.__globals__)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lenet"):
            for alias in node.names:
                names[alias.asname or alias.name] = resolve_import(node.module, alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = resolve(node.exc.func if isinstance(node.exc, ast.Call) else node.exc, names, owner)
            if inspect.isclass(raised) and issubclass(raised, LenetError):
                return True
        if isinstance(node, ast.Call):
            called = resolve(node.func, names, owner)
            of = owner if isinstance(node.func, ast.Attribute) else None
            if inspect.isclass(called) and called.__module__.startswith("lenet"):
                made = [vars(called).get(name) for name in ("__init__", "__post_init__")]
                if any(inspect.isfunction(each) and raises(each, called, seen) for each in made):
                    return True
            called = getattr(called, "__func__", called)
            if inspect.isfunction(called) and raises(called, of, seen):
                return True
    return False


def resolve_import(module, name):
    try:
        return getattr(__import__(module, fromlist=[name]), name)
    except (ImportError, AttributeError):
        return None


def resolve(node, names, owner):
    """The object that a name or dotted name in a function's code means, if that can be seen; else None."""
    if isinstance(node, ast.Name):
        return owner if node.id in ("self", "cls") else names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = resolve(node.value, names, owner)
        if inspect.ismodule(base) or inspect.isclass(base):
            return getattr(base, node.attr, None)
    return None
