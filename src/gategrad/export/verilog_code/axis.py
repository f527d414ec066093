"""The wrapper that puts a module between two AXI4-Streams."""

from collections.abc import Mapping


def axis_values(values: Mapping[str, str]) -> dict[str, str]:
    """What the templates of the wrapper and its bench take beyond those of the module.

    A beat is a whole number of bytes, as the standard wants it; bits above are ignored, or 0.
    """
    data, result = int(values["data_bits"]), int(values["label_bits"]) + int(values["sums_bits"])
    spare = -result % 8
    held = "waiting[first]"
    return {
        "axis_in_top": str(-(-data // 8) * 8 - 1),
        "axis_out_top": str(result + spare - 1),
        "axis_result_top": str(result - 1),
        "axis_out": f"{{{spare}'d0, {held}}}" if spare else held,
        # The power of two that has room for a row in every cycle of the way, and two more.
        "axis_bits": str((int(values["latency"]) + 1).bit_length()),
    }
