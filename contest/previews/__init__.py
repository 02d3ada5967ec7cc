"""Previews of uploaded files: what a file is, and pictures of it made by a confined process.

| who | imports |
|---|---|
| web process, verify job | `kinds`: the kind of a file by its content, and the check of an archive (stdlib only) |
| worker, at its start | `client.PreviewServer`: starts and stops the process that renders |
| preview job | `client.render`: hands a file to that process and gets WebP bytes back (stdlib only) |
| the rendering process, and nobody else | `server`, `confine`, `render` and what they import: libvips, pdfium |

A new kind of file takes three steps: teach `kinds.sniff` to know it, write a renderer beside `images`
and `documents`, and name it in `render.RENDERERS`.
"""
