"""`discretize`: the circuit that a trained network is."""

from collections.abc import Sequence

import torch
from torch import nn

from gategrad.circuit import Readout
from gategrad.encoding import Encoder
from gategrad.harden.errors import DiscretizeError
from gategrad.harden.plain import check_global_hooks
from gategrad.harden.walk import draft_of
from gategrad.model import Model


@torch.no_grad()
def discretize(
    net: nn.Module,
    *,
    encoder: Encoder | None = None,
    labels: Sequence[str] | Sequence[int] | None = None,
    ignore_hooks: bool = False,
    input_shape: Sequence[int] | None = None,
    head: int | str | None = None,
) -> Model:
    """Make a model of the gates that a network hardens to; the network stays as it is.

    On bits, the scores of the model and of the network in `.eval()` are equal, bit for bit, for
    weights in float32. Without a GroupSum (or WeightedSum) at the end, the model is multilabel:
    each output is a label of its own.

    Of a network that begins with convolutions, the model also has their kernels, as `convolution`,
    unless what follows reads more than the last maps.

    A `Thermometer` at the start becomes the model's encoder, and the model takes raw features.

    Args:
        net: nested `nn.Sequential` of `Thermometer`, `LogicDense`, `LogicConv2d`, `OrPool2d`,
            `LogicGraph`, `GroupSum`, `WeightedSum`, and `Flatten`, `Unflatten`, `Identity` or
            `Dropout`; or one of them. Or a module of
            one's own, whose forward pass moves wires between such modules: by cat, stack, split,
            chunk, indexing, reshape, permute and their like, and any control flow; a module that
            is called several times gives its gates as often. On any device, in any mode.
        encoder: from raw rows to the bits that the network takes; None where it has its own.
        labels: a name for each class.
        ignore_hooks: whether forward hooks and pre-hooks, which may change values, are let be; the
            circuit is that of the network without them.
        input_shape: of a row, for a module of one's own that does not hand its whole input to its
            first module, such as (3, 32, 32). The model takes such rows flat.
        head: which output, for a network that returns a tuple, list or dict.

    Returns:
        The model; its `neurons` are its gates, as `optimize` has not been at work.

    Raises:
        TypeError: `net` is no torch module.
        DiscretizeError: a module that is no part of a circuit, since its class is none, a method
            of it is overridden or it has a hook; modules that do not fit together; a forward pass
            that computes with wires or mixes rows.
        ModelError: an encoder of another width, or labels that do not fit the classes.

    Examples:
        >>> from gategrad import nn
        >>> net = torch.nn.Sequential(nn.LogicDense(8, 20, seed=0), nn.GroupSum(10))
        >>> discretize(net)
        Model(inputs=8, gates=20, classes=10, kind='argmax')
    """
    if not isinstance(net, nn.Module):
        raise TypeError(f"discretize takes a torch module, got {type(net).__name__}")
    if not ignore_hooks:
        check_global_hooks()
    if input_shape is None and encoder is not None:
        input_shape = (encoder.n_inputs,)
    draft = draft_of(net, ignore_hooks=ignore_hooks, input_shape=input_shape, head=head)
    if draft.encoder is not None and encoder is not None:
        raise DiscretizeError(
            f"the network makes its bits itself, and there is a {type(encoder).__name__} as "
            "encoder= too; expected one of them: leave out encoder="
        )
    circuit = draft.circuit()
    readout = draft.readout
    if readout is None:
        readout = Readout.identity(circuit.n_outputs)
    return Model(
        circuit,
        readout,
        encoder or draft.encoder,
        labels,
        convolution=draft.convolution(readout),
    )
