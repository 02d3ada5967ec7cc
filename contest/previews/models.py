"""Models in three dimensions, seen from three sides, drawn in software by f3d: an optional extra."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy
import pyvips

from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import Kind
from contest.previews.outcome import FACTS

f3d: Any
try:
    import f3d
except ImportError:  # not installed, or no wheel for this machine
    f3d = None
else:
    # Readers of CAD and other formats are libraries of their own: the child could not load them.
    f3d.Engine.autoload_plugins()

#: Azimuth and elevation in degrees of each view, from the front.
_VIEWS = ((35.0, 25.0), (0.0, 0.0), (215.0, 25.0))
_SIZE, _QUICK_SIZE = (1280, 960), (640, 480)
_GROUND = (0.91, 0.91, 0.90)
#: Programs for printing and construction have Z upwards, the others Y.
_Z_UP = frozenset({Kind.STL, Kind.STEP, Kind.THREEMF})
#: Of these each cell is a triangle.
_TRIANGLES = frozenset({Kind.STL, Kind.THREEMF, Kind.GLB, Kind.GLTF})
#: The reader wants a file with a name, and that copy must fit our limit on a file.
_MOST_BYTES = 190_000_000
#: A picture whose brightness spreads less than this, of 255, shows only the ground.
_BLANK = 0.2
_BUDGET_CPU_S, _BUDGET_WALL_S = 10.0, 20.0


def _draw(kind: Kind, extension: str) -> Renderer:
    """What draws models of one kind: f3d finds its reader by the `extension`."""

    def draw(data: Any, canvas: Canvas) -> None:
        if f3d is None:
            raise GiveUp("icon", "no_tool")
        if len(data) > _MOST_BYTES:
            raise GiveUp("refused", "too_large")
        if kind in (Kind.GLTF, Kind.GLB):
            _check_parts(kind, data)
        path = canvas.scratch(f"model.{extension}")
        path.write_bytes(data)
        engine = _engine(kind, _QUICK_SIZE if canvas.quick else _SIZE)
        try:
            engine.scene.add(str(path))
        except (RuntimeError, ValueError) as error:
            raise GiveUp("failed", "unreadable") from error
        finally:
            path.unlink()
        _views(engine, kind, canvas)

    return draw


def _engine(kind: Kind, size: tuple[int, int]) -> Any:
    """A window of `size` pixels that nobody sees, drawn by the processor."""
    os.environ.pop("DISPLAY", None)
    os.environ |= {
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "MESA_SHADER_CACHE_DISABLE": "true",
        # It insists on a folder "f3d" for what it keeps, and here none can be made. This one is there, and
        # nothing can be written to it.
        "XDG_CACHE_HOME": os.path.dirname(os.path.dirname(f3d.__file__)),
    }
    f3d.Log.set_verbose_level(f3d.Log.QUIET)
    try:
        engine = f3d.Engine.create_egl()
    except RuntimeError as error:  # the host has no OpenGL
        raise GiveUp("icon", "no_tool") from error
    engine.window.size = size
    engine.options.update(
        {
            "render.background.color": list(_GROUND),
            "render.effect.antialiasing.mode": "fxaa",
            "render.light.intensity": 1.6,
            "scene.up_direction": "+Z" if kind in _Z_UP else "+Y",
        }
    )
    return engine


def _views(engine: Any, kind: Kind, canvas: Canvas) -> None:
    camera = engine.window.camera
    cells = engine.scene.get_scene_info().number_of_cells
    facts = {"triangles": cells} if kind in _TRIANGLES and 0 < cells <= FACTS["triangles"] else {}
    views = _VIEWS[:1] if canvas.quick else _VIEWS
    for page, (azimuth, elevation) in enumerate(views, 1):
        if page > 1 and canvas.late(cpu_s=_BUDGET_CPU_S, wall_s=_BUDGET_WALL_S):
            break
        camera.reset_to_default()
        camera.azimuth(azimuth).elevation(elevation).reset_to_bounds(0.9)
        image = _picture(engine.window.render_to_image())
        if page == 1:
            if image.extract_band(0).deviate() < _BLANK:
                raise GiveUp("failed", "no_pages")
            canvas.source(pages=len(views), width=image.width, height=image.height, **facts)
        canvas.draw(image, page=page, label="view", number=page)


def _picture(drawn: Any) -> pyvips.Image:
    rows = numpy.frombuffer(drawn.content, dtype="uint8").reshape(drawn.height, drawn.width, drawn.channel_count)
    upright = numpy.ascontiguousarray(rows[::-1, :, :3])
    image = pyvips.Image.new_from_memory(upright.tobytes(), drawn.width, drawn.height, 3, "uchar")
    return image.copy(interpretation="srgb")


def _check_parts(kind: Kind, data: Any) -> None:
    """Raises GiveUp if a glTF leaves its shape or its pictures in other files: the reader wants all of them."""
    text = bytes(data[20 : 20 + int.from_bytes(data[12:16], "little")]) if kind is Kind.GLB else bytes(data)
    try:
        scene = json.loads(text)
        parts = _addresses(scene.get("buffers", [])) + _addresses(scene.get("images", []))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise GiveUp("failed", "unreadable") from error
    if not all(address.startswith("data:") for address in parts):
        raise GiveUp("failed", "missing_part")


def _addresses(parts: list[dict[str, Any]]) -> list[str]:
    return [str(part["uri"]) for part in parts if "uri" in part]


RENDERERS: dict[Kind, Renderer] = {
    Kind.GLB: _draw(Kind.GLB, "glb"),
    Kind.GLTF: _draw(Kind.GLTF, "gltf"),
    Kind.STL: _draw(Kind.STL, "stl"),
    Kind.OBJ: _draw(Kind.OBJ, "obj"),
    Kind.STEP: _draw(Kind.STEP, "step"),
    Kind.THREEMF: _draw(Kind.THREEMF, "3mf"),
}
