"""The tables of docs/c.md, made from bench/records/c_source.log."""

from collections.abc import Iterator

from recording import record

FORMS = {"float": "float", "int8": "8-bit integers"}


def c_source() -> Iterator[str]:
    """Each network in both forms: answers, accuracy, memory."""
    yield "| network | form | same | difference | accuracy | lost | flash | memory |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, network in record("c_source")["sections"].items():
        for form, title in FORMS.items():
            row = network[form]
            difference = f"{row['difference']:.1e}" if form == "float" else f"{row['difference']:.2f}"
            yield (
                f"| {name} | {title} | {row['same']:,} | {difference} | {row['accuracy']:.2%} | {row['loss']:+.2f} points | "
                f"{row['flash']:,} | {row['static']:,} ({row['stack']:,}) |"
            )


def c_peer() -> Iterator[str]:
    """The book's net on Fashion-MNIST beside emx-onnx-cgen."""
    found = record("c_source")
    network, peer = found["sections"]["book, fashion-mnist"], found["emx"]
    yield "| source | flash | static memory | stack | malloc |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for form, title in FORMS.items():
        row = network[form]
        yield f"| lenet, {title} | {row['flash']:,} | {row['static']:,} | {row['stack']:,} | none |"
    for name, title in {"stack": "all memory on the stack", "heap": "by default"}.items():
        row = peer[name]
        yield (
            f"| emx-onnx-cgen, float, {title} | {row['flash']:,} | {row['static']:,} | {row['stack']:,} | "
            f"{row['mallocs'] or 'none'} |"
        )
