# Turns a file into a C++ source that holds its bytes, at build time:
#   cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=kName -P embed.cmake
# defines oubli::kName and oubli::kNameSize.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include <cstddef>

namespace oubli {
extern const unsigned char ${NAME}[];
extern const std::size_t ${NAME}Size;
const unsigned char ${NAME}[] = {
${bytes}};
const std::size_t ${NAME}Size = sizeof(${NAME});
}  // namespace oubli
")
