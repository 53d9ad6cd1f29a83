"""AlexNet on paper: what shape each layer has, and how many numbers it learns."""

from reference.checks import require
from reference.convnets import conv_parameters
from reference.convolution import conv_output_size

ALEXNET_CONVOLUTIONS = (
    # filters, kernel, stride, padding, groups, pooled
    (96, 11, 4, 2, 1, True),
    (256, 5, 1, 2, 2, True),
    (384, 3, 1, 1, 1, False),
    (384, 3, 1, 1, 2, False),
    (256, 3, 1, 1, 2, True),
)
ALEXNET_DENSE = (4096, 4096)
"""Layers of Krizhevsky et al. 2012, figure 2; pooling is 3 x 3 with stride 2."""


def alexnet_shapes(size: int, classes: int) -> list[tuple[int, ...]]:
    """The shape of each of AlexNet's eight layers' outputs, for one image.

    Args:
        size: height and width of the colour image, 224 in the paper; at least 63.
        classes: 1000 in the paper.
    Returns:
        shapes: 8 tuples, (F, H, W) for the five convolutions, before pooling, and (M,) for the three dense layers.
    Raises:
        ValueError: size is too small, or classes is less than 1.
    Convention: the first layer pads with 2, as torchvision does, so that 224 gives 55.
    Source: Krizhevsky et al. 2012, section 3.5.
    """
    require(classes >= 1, "classes", classes, "at least 1")
    require(size >= 63, "size", size, "at least 63")
    shapes: list[tuple[int, ...]] = []
    for filters, kernel, stride, padding, _, pooled in ALEXNET_CONVOLUTIONS:
        size = conv_output_size(size, kernel, stride=stride, padding=padding)
        shapes.append((filters, size, size))
        size = conv_output_size(size, 3, stride=2) if pooled else size
    return [*shapes, *((units,) for units in ALEXNET_DENSE), (classes,)]


def alexnet_sizes(size: int, classes: int, *, grouped: bool = True) -> tuple[list[int], list[int]]:
    """How many numbers come out of each of AlexNet's eight layers, and how many each learns.

    Args:
        size: height and width of the colour image, 224 in the paper; at least 63.
        classes: 1000 in the paper.
        grouped: whether layers 2, 4 and 5 are cut in two, as they were to fit on two cards.
    Returns:
        outputs: 8 ints, the numbers in each layer's output for one image, before pooling.
        parameters: 8 ints, weights and biases of each layer.
    Raises:
        ValueError: size is too small, or classes is less than 1.
    Convention: as alexnet_shapes; 60,965,224 parameters in all for 224 and 1000 when grouped.
    Source: Krizhevsky et al. 2012, section 3.5 and figure 2.
    """
    shapes = alexnet_shapes(size, classes)
    outputs, parameters = [], []
    channels = 3
    for (filters, kernel, _, _, groups, _), (_, height, width) in zip(ALEXNET_CONVOLUTIONS, shapes[:5], strict=True):
        outputs.append(filters * height * width)
        parameters.append(conv_parameters(filters, channels, kernel, groups=groups if grouped else 1))
        channels = filters
    pooled = conv_output_size(shapes[4][1], 3, stride=2)
    inputs = channels * pooled * pooled
    for (units,) in shapes[5:]:
        outputs.append(units)
        parameters.append(inputs * units + units)
        inputs = units
    return outputs, parameters
