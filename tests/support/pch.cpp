// A library needs a file; the precompiled header is all that test_pch is for.
