# Lists the suites of a built test program and writes a CTest file with one test for each: a process
# per suite. GoogleTest's own discovery makes a process per test, and loading LibTorch a thousand times
# takes longer than the tests do.
#
#   cmake -D PROGRAM=oubli_tests -D OUTPUT=suites.cmake -P list_suites.cmake
execute_process(COMMAND "${PROGRAM}" --gtest_list_tests OUTPUT_VARIABLE listing
                COMMAND_ERROR_IS_FATAL ANY)
# A suite's line is `Name.` or `Prefix/Name.  # TypeParam = ...`; its tests are indented.
string(REGEX MATCHALL "(^|\n)[A-Za-z_][A-Za-z0-9_/]*\\." suites "${listing}")

# A suite counts as skipped if all of its tests were: CTest lets this expression hide a failure, so it
# must not match where one is listed after the skipped ones.
set(skipped "PASSED  \\] 0 tests\\.\n\\[  SKIPPED \\] [0-9]+ tests?, listed below:\n(\\[  SKIPPED \\] [^\n]*\n)*$")
set(text "set(skipped [=[${skipped}]=])\n")
foreach(suite IN LISTS suites)
  string(REGEX REPLACE "[\n.]" "" suite "${suite}")
  string(APPEND text "add_test([=[${suite}]=] [=[${PROGRAM}]=] [=[--gtest_filter=${suite}.*]=])\n"
                     "set_tests_properties([=[${suite}]=] PROPERTIES TIMEOUT 1800 "
                     "SKIP_REGULAR_EXPRESSION \"\${skipped}\")\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
