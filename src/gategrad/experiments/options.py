"""What a run of an experiment can be told: difflogic's options, and those of our own recipes."""

from dataclasses import dataclass

from gategrad.options.option import option


@dataclass(frozen=True)
class ExperimentOptions:
    """Names, short names and defaults are those of difflogic's scripts; None is the experiment's.

    Attributes:
        batch_size: rows a step.
        tau: of the GroupSum.
        num_iterations: steps.
        eval_freq: steps between two lines of progress.
        num_neurons: width of a layer.
        num_layers: of gates; for the baseline layers of weights, the last one included.
        learning_rate: of Adam.
        valid_set_size: share of the training rows held back to choose on.
        connections: of the gates.
        candidates: of learned wires.
        grad_factor: factor on the gradient of each layer's input.
        parametrization: of the gates; the papers' are raw and light.
        init: of the gates.
        estimator: of the gates.
        schedule: of the learning rate.
        weight_decay: of AdamW; 0 is Adam.
        augment: warp half of the images of a batch; colour images are flipped too.
        rounded: train on rounded grey values, which circuits read.
        packbits_eval: compare with packed rows in the engine.
        compile_model: compare with the exported C.
        baseline: a neural network in place of the gates.
    """

    batch_size: int | None = option(None, "Rows a step.", least=1)
    tau: float | None = option(None, "Temperature of the group sums.")
    num_iterations: int | None = option(None, "Steps.", least=1)
    eval_freq: int | None = option(None, "Steps between two lines of progress.", least=1)
    num_neurons: int | None = option(None, "Gates, or neurons, a layer.", least=1)
    num_layers: int | None = option(None, "Layers.", least=1)
    learning_rate: float | None = option(None, "Of Adam.")
    valid_set_size: float = option(
        0.0, "Share of the training rows held back; the best step on them is kept.", least=0
    )
    connections: str = option("unique", "unique, random, or learned.")
    candidates: int | None = option(
        None, "Wires that a learned pin chooses among; 16, or all where there are fewer.", least=1
    )
    grad_factor: float = option(1.0, "Factor on the gradient of each layer's input.")
    parametrization: str = option("raw", "raw, light, or another of gategrad train.")
    init: str = option("gaussian", "gaussian, residual, heavy-tail, or another.")
    estimator: str = option("soft", "soft, straight-through, or another.")
    schedule: str = option("constant", "constant or cosine.")
    weight_decay: float = option(0.0, "Of AdamW.", least=0)
    augment: bool = option(False, "Warp half of the training images anew in each batch.")
    rounded: bool = option(False, "Train on rounded grey values, as the circuit reads them.")
    packbits_eval: bool = option(False, "Compare with packed rows in the engine.")
    compile_model: bool = option(False, "Export as C, compile it, and compare.")
    baseline: bool = option(False, "A neural network in place of the gates.")


# As difflogic's scripts abbreviate them.
SHORT = {
    "batch_size": ("-bs",),
    "tau": ("-t",),
    "num_iterations": ("-ni",),
    "eval_freq": ("-ef",),
    "num_neurons": ("-k",),
    "num_layers": ("-l",),
    "learning_rate": ("-lr",),
    "valid_set_size": ("-vss",),
}
# These are written with underscores there; both spellings are taken.
UNDERSCORED = ("num_neurons", "num_layers", "packbits_eval", "compile_model")
