# Writes the bytes of IN as a character array NAME into OUT.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE ${OUT} "#pragma once\ninline constexpr const char ${NAME}[] = {${bytes}'\\0'};\n")
