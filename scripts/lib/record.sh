# record OUTCOME COUNT SECONDS NAME ALONE WHY: one line of the book of a run; records.py says what is in it. Sourced.
record() {
    local line
    line=$(printf '%s\t' "${FALCONER_STAGE:-}" "${@//[$'\t\n']/ }")
    printf '%s\n' "${line%$'\t'}" >>"${FALCONER_RESULTS:-/dev/null}"
}
