"""Readers of exported text that share nothing with the writers: they evaluate what they read."""

import numpy as np


def evaluate_blif(text, x):
    """Outputs (n, O) bool of BLIF with `.names` alone, for rows (n, inputs) in order."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if not line.startswith("#")]
    inputs = next(line.split()[1:] for line in lines if line.startswith(".inputs"))
    outputs = next(line.split()[1:] for line in lines if line.startswith(".outputs"))
    value = {name: x[:, j].astype(bool) for j, name in enumerate(inputs)}
    covers, current = [], None
    for line in lines:
        if line.startswith(".names"):
            current = (line.split()[1:], [])
            covers.append(current)
        elif not line.startswith(".") and line.strip():
            current[1].append(line.split())
    for (*operands, out), cubes in covers:
        found, polarity = np.zeros(len(x), bool), "1"
        for cube in cubes:
            *pattern, polarity = cube
            holds = np.ones(len(x), bool)
            for operand, bit in zip(operands, "".join(pattern), strict=True):
                if bit != "-":
                    holds &= value[operand] == (bit == "1")
            found |= holds
        value[out] = found if polarity == "1" else ~found
    return (
        np.stack([value[name] for name in outputs], 1) if outputs else np.zeros((len(x), 0), bool)
    )


def evaluate_aiger(content, x):
    """Outputs (n, O) bool of an AIGER file without latches, and the names of its outputs."""
    head, _, rest = content.partition(b"\n")
    form, *sizes = head.decode().split()
    _, n_inputs, latches, n_outputs, n_ands = map(int, sizes)
    assert latches == 0
    value = [np.zeros(len(x), bool), *(x[:, j].astype(bool) for j in range(n_inputs))]

    def of(literal):
        return value[literal >> 1] ^ bool(literal & 1)

    if form == "aag":
        lines = rest.decode().split("\n")
        outputs = [int(line) for line in lines[n_inputs : n_inputs + n_outputs]]
        gates = lines[n_inputs + n_outputs : n_inputs + n_outputs + n_ands]
        for line in gates:
            own, a, b = map(int, line.split())
            assert own == 2 * len(value)
            value.append(of(a) & of(b))
        tail = lines[n_inputs + n_outputs + n_ands :]
    else:
        texts = []
        for _ in range(n_outputs):
            text, _, rest = rest.partition(b"\n")
            texts.append(int(text))
        outputs, place = texts, 0

        def delta():
            nonlocal place
            number = shift = 0
            while True:
                byte = rest[place]
                place += 1
                number |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return number

        for _ in range(n_ands):
            a = 2 * len(value) - delta()
            b = a - delta()
            value.append(of(a) & of(b))
        tail = rest[place:].decode().split("\n")
    names = [line.split()[1] for line in tail if line.startswith("o") and " " in line]
    bits = [of(literal) for literal in outputs]
    return (np.stack(bits, 1) if bits else np.zeros((len(x), 0), bool)), names
