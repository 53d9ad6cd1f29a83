"""The one-pixel attack: differential evolution over where a pixel is, and what it is changed to."""

from reference.checks import require, require_shape, require_values
from reference.namespace import Array, array_namespace, in_dtype_of


def change_pixels(image: Array, candidates: Array) -> Array:
    """One image in many versions, each with one pixel changed.

    Args:
        image: (C, H, W) float.
        candidates: (P, 2 + C) float, for each version row, column, and the new value of every channel; rows and columns
            are rounded down and must then lie in the image.
    Returns:
        images: (P, C, H, W), dtype of image.
    Raises:
        ValueError: a shape does not fit, or a pixel lies outside.
    Source: Su et al. 2019, section III; Tsinghua slides.
    """
    xp = array_namespace(image, candidates)
    require_shape("image", image, ("C", "H", "W"))
    channels, height, width = image.shape
    require_shape("candidates", candidates, ("P", 2 + channels))
    row, column = xp.floor(candidates[:, 0]), xp.floor(candidates[:, 1])
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    require_values("candidates", inside, "inside the image")
    at_row = row[:, None] == in_dtype_of(xp.arange(height, device=image.device), row)
    at_column = column[:, None] == in_dtype_of(xp.arange(width, device=image.device), column)
    changed = (at_row[:, :, None] & at_column[:, None, :])[:, None, :, :]
    return xp.where(changed, in_dtype_of(candidates[:, 2:], image)[:, :, None, None], image[None, ...])


def evolve_candidates(candidates: Array, partners: Array, *, scale: float = 0.5) -> Array:
    """The children of a generation: differential evolution without crossover, x_a + F (x_b - x_c).

    Args:
        candidates: (P, K) float, the generation.
        partners: (P, 3) int, for each child the numbers a, b, c of its parents.
        scale: F.
    Returns:
        children: (P, K), dtype of candidates.
    Raises:
        ValueError: a shape does not fit, or a number is not below P.
    Source: Storn & Price 1997, equation 2; Su et al. 2019, equation 4.
    """
    xp = array_namespace(candidates, partners)
    require_shape("candidates", candidates, ("P", "K"))
    require_shape("partners", partners, (candidates.shape[0], 3))
    require_values("partners", (partners >= 0) & (partners < candidates.shape[0]), "numbers of candidates")
    a, b, c = (xp.take(candidates, partners[:, k], axis=0) for k in range(3))
    return a + scale * (b - c)


def select_candidates(candidates: Array, children: Array, fitness: Array, child_fitness: Array) -> Array:
    """The next generation: each child takes its parent's place if it is better.

    Args:
        candidates: (P, K) float, the generation.
        children: (P, K) float, one for each.
        fitness: (P,) float, the network's probability of the true class: less is better for the attack.
        child_fitness: (P,) float, the same of the children.
    Returns:
        survivors: (P, K), dtype of candidates.
    Raises:
        ValueError: a shape does not fit.
    Convention: a child that is no better than its parent dies.
    Source: Storn & Price 1997, selection; Su et al. 2019, section III.
    """
    xp = array_namespace(candidates, children)
    require_shape("candidates", candidates, ("P", "K"))
    require_shape("children", children, tuple(candidates.shape))
    require_shape("fitness", fitness, (candidates.shape[0],))
    require_shape("child_fitness", child_fitness, (candidates.shape[0],))
    require(candidates.shape[0] >= 1, "P", 0, "at least 1")
    return xp.where((child_fitness < fitness)[:, None], children, candidates)
