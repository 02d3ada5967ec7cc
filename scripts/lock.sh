#!/bin/sh
# Write requirements/*.txt anew: hashes for every platform, no index addresses.
# All extras share one resolution, so that web and worker hosts run the same versions.
set -eu
cd "$(dirname "$0")/.."
UV="${UV:-.venv/bin/uv}"
OPTS="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet"
# shellcheck disable=SC2086
{
  "$UV" pip compile pyproject.toml --extra dev $OPTS "$@" -o requirements/dev.txt
  "$UV" pip compile pyproject.toml $OPTS -c requirements/dev.txt -o requirements/web.txt
  for extra in scoring worker models3d documents embedded; do
    "$UV" pip compile pyproject.toml --extra "$extra" $OPTS -c requirements/dev.txt -o "requirements/$extra.txt"
  done
}
