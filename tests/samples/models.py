"""Models in three dimensions: one tetrahedron in every format."""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker
from tests.samples.packages import zipped

CORNERS = ((0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (0.0, 10.0, 0.0), (0.0, 0.0, 10.0))
FACES = ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))


def stl(text: str = "") -> bytes:
    head = text.encode()[:80].ljust(80, b" ")
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(value for corner in face for value in CORNERS[corner]), 0) for face in FACES
    )
    return head + struct.pack("<I", len(FACES)) + body


def obj(text: str = "") -> bytes:
    lines = [f"# {text}", f"o {text or 'part'}"]
    lines += ["v {} {} {}".format(*corner) for corner in CORNERS]
    lines += ["f {} {} {}".format(*(corner + 1 for corner in face)) for face in FACES]
    return "\n".join([*lines, ""]).encode()


def _scene(text: str, buffer: dict[str, Any]) -> dict[str, Any]:
    points = len(CORNERS) * 12
    return {
        "asset": {"version": "2.0", "generator": text, "copyright": text},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": text}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}], "name": text}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0] * 3, "max": [10] * 3},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": points},
            {"buffer": 0, "byteOffset": points, "byteLength": 24},
        ],
        "buffers": [{"byteLength": points + 24, **buffer}],
    }


def _numbers() -> bytes:
    corners = b"".join(struct.pack("<3f", *corner) for corner in CORNERS)
    return corners + b"".join(struct.pack("<3H", *face) for face in FACES)


def gltf(text: str = "", *, address: str = "", picture: str = "") -> bytes:
    """With its numbers inside, or at `address`; with a `picture` of that address on it."""
    inside = "data:application/octet-stream;base64," + base64.b64encode(_numbers()).decode()
    scene = _scene(text, {"uri": address or inside})
    if picture:
        scene |= {"images": [{"uri": picture}], "textures": [{"source": 0}]}
        scene["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
        scene["meshes"][0]["primitives"][0]["material"] = 0
    return json.dumps(scene).encode()


def glb(text: str = "") -> bytes:
    told = json.dumps(_scene(text, {})).encode()
    told += b" " * (-len(told) % 4)
    body = _numbers()
    chunks = struct.pack("<I4s", len(told), b"JSON") + told + struct.pack("<I4s", len(body), b"BIN\0") + body
    return b"glTF" + struct.pack("<2I", 2, 12 + len(chunks)) + chunks


def threemf(text: str = "") -> bytes:
    corners = "".join('<vertex x="{}" y="{}" z="{}"/>'.format(*corner) for corner in CORNERS)
    faces = "".join('<triangle v1="{}" v2="{}" v3="{}"/>'.format(*face) for face in FACES)
    return zipped(
        {
            "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
            'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            'relationships+xml"/><Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing'
            '-3dmodel+xml"/></Types>',
            "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            'relationships"><Relationship Target="/3D/part.model" Id="r" Type="http://schemas.microsoft.com/'
            '3dmanufacturing/2013/01/3dmodel"/></Relationships>',
            "3D/part.model": '<?xml version="1.0"?><model unit="millimeter" xmlns="http://schemas.microsoft.com/'
            f'3dmanufacturing/core/2015/02"><metadata name="Designer">{text}</metadata><resources><object id="1" '
            f'type="model"><mesh><vertices>{corners}</vertices><triangles>{faces}</triangles></mesh></object>'
            '</resources><build><item objectid="1"/></build></model>',
        }
    )


_STEP = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('{text}'),'2;1');
FILE_NAME('{text}','2026-11-01T12:00:00',('{text}'),('{text}'),'','','');
FILE_SCHEMA(('AUTOMOTIVE_DESIGN'));
ENDSEC;
DATA;
#1=APPLICATION_CONTEXT('automotive_design');
#2=PRODUCT_CONTEXT('',#1,'mechanical');
#3=PRODUCT('{text}','{text}','',(#2));
#4=PRODUCT_DEFINITION_FORMATION('','',#3);
#5=PRODUCT_DEFINITION_CONTEXT('part definition',#1,'design');
#6=PRODUCT_DEFINITION('','',#4,#5);
#7=PRODUCT_DEFINITION_SHAPE('','',#6);
#8=(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.));
#9=(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.));
#10=(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT());
#11=UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-05),#8,'distance_accuracy_value','NONE');
#12=(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT((#11))
GLOBAL_UNIT_ASSIGNED_CONTEXT((#8,#9,#10))REPRESENTATION_CONTEXT('',''));
#13=SHAPE_DEFINITION_REPRESENTATION(#7,#14);
#14=ADVANCED_BREP_SHAPE_REPRESENTATION('',(#15),#12);
#15=MANIFOLD_SOLID_BREP('',#16);
#16=CLOSED_SHELL('',({faces}));
{shape}
ENDSEC;
END-ISO-10303-21;
"""


def step(text: str = "part") -> bytes:
    """Each face a plane within a loop of three straight edges; each edge is of two faces."""
    lines: list[str] = []

    def add(entity: str) -> str:
        lines.append(f"#{len(lines) + 100}={entity};")
        return f"#{len(lines) + 99}"

    def direction(vector: Any) -> str:
        length = math.hypot(*vector)
        return add("DIRECTION('',({:.9f},{:.9f},{:.9f}))".format(*(value / length for value in vector)))

    points = [add("CARTESIAN_POINT('',({:.1f},{:.1f},{:.1f}))".format(*corner)) for corner in CORNERS]
    vertices = [add(f"VERTEX_POINT('',{point})") for point in points]
    edges: dict[tuple[int, int], str] = {}
    faces = []
    for face in FACES:
        loop = []
        for one, two in zip(face, (*face[1:], face[0]), strict=True):
            start, end = sorted((one, two))
            if (start, end) not in edges:
                along = direction([CORNERS[end][axis] - CORNERS[start][axis] for axis in range(3)])
                vector = add(f"VECTOR('',{along},1.)")
                line = add(f"LINE('',{points[start]},{vector})")
                edges[start, end] = add(f"EDGE_CURVE('',{vertices[start]},{vertices[end]},{line},.T.)")
            same = ".T." if start == one else ".F."
            loop.append(add(f"ORIENTED_EDGE('',*,*,{edges[start, end]},{same})"))
        first, second = ([CORNERS[at][axis] - CORNERS[face[0]][axis] for axis in range(3)] for at in face[1:])
        upright = [
            first[1] * second[2] - first[2] * second[1],
            first[2] * second[0] - first[0] * second[2],
            first[0] * second[1] - first[1] * second[0],
        ]
        place = f"AXIS2_PLACEMENT_3D('',{points[face[0]]},{direction(upright)},{direction(first)})"
        ring = add(f"EDGE_LOOP('',({','.join(loop)}))")
        bound, plane = add(f"FACE_OUTER_BOUND('',{ring},.T.)"), add(f"PLANE('',{add(place)})")
        faces.append(add(f"ADVANCED_FACE('',({bound}),{plane},.T.)"))
    return _STEP.format(text=text, faces=",".join(faces), shape="\n".join(lines)).encode()


SAMPLES: dict[Kind, Maker] = {
    Kind.STL: stl, Kind.OBJ: obj, Kind.GLTF: gltf, Kind.GLB: glb, Kind.THREEMF: threemf, Kind.STEP: step,
}  # fmt: skip
MARKED: dict[Kind, Maker] = {
    Kind.STL: lambda: stl(CANARY.decode()),
    Kind.OBJ: lambda: obj(CANARY.decode()),
    Kind.GLTF: lambda: gltf(CANARY.decode()),
    Kind.GLB: lambda: glb(CANARY.decode()),
    Kind.THREEMF: lambda: threemf(CANARY.decode()),
    Kind.STEP: lambda: step(CANARY.decode()),
}
