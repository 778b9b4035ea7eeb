#!/bin/sh
# Makes this report again from its snapshot and says whether it is the same, row for row and byte for byte.
#
#   sh rerun.sh [--pipeline PIPELINE]
#
# Run it on the machine that holds the store. RELIEF names the program if it is not on the path.
set -eu
exec "${RELIEF:-relief}" verify "$(dirname "$0")" "$@"
