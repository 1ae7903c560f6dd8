# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Where the masked values of a JSON text lie: `json_reference` compiled by hand.

The two must agree on every text; tests/gateway/masking/test_json_kernel.py compares them. Bytes
objects end with a zero byte behind their last one, which no JSON text has outside of nothing: so
the byte at `size` can be looked at, and stops every loop.
"""

import json

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8

from gateway.masking.errors import UndecodableError
from gateway.masking.json_reference import DEPTH_MAX

cdef int _DEPTH_MAX = DEPTH_MAX


def find_values(bytes text not None, begin):
    """Find the values that paths lead to, in their order; raises UndecodableError."""
    cdef Py_ssize_t end
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise UndecodableError(f"no UTF-8 at byte {error.start}") from None
    cdef _Scanner scanner = _Scanner(text)
    end = scanner.space(scanner.value(scanner.space(0), begin, 0))
    if end != scanner.size:
        raise UndecodableError(f"something follows the JSON value at byte {end}")
    return scanner.edits


cdef class _Scanner:
    cdef bytes text
    cdef const unsigned char *at
    cdef Py_ssize_t size
    cdef list edits

    def __cinit__(self, bytes text):
        self.text = text
        self.at = <const unsigned char *>PyBytes_AS_STRING(text)
        self.size = PyBytes_GET_SIZE(text)
        self.edits = []

    cdef Py_ssize_t space(self, Py_ssize_t position) noexcept:
        cdef unsigned char byte = self.at[position]
        while byte == b" " or byte == b"\n" or byte == b"\t" or byte == b"\r":
            position += 1
            byte = self.at[position]
        return position

    cdef Py_ssize_t fail(self, Py_ssize_t position) except -1:
        raise UndecodableError(f"no JSON at byte {position}")

    cdef Py_ssize_t value(self, Py_ssize_t position, object state, int depth) except -1:
        cdef Py_ssize_t end
        cdef unsigned char first
        if depth > _DEPTH_MAX:
            raise UndecodableError(f"more than {_DEPTH_MAX} levels at byte {position}")
        if state is not None and state.leaf is not None:
            end = self.value(position, None, depth)
            self.edits.append((position, end, state.leaf))
            return end
        first = self.at[position]
        if first == b"{":
            return self.object(position, state, depth)
        if first == b"[":
            return self.list(position, state, depth)
        if first == b'"':
            return self.string(position)
        if first == b"t":
            return self.word(position, b"true", 4)
        if first == b"f":
            return self.word(position, b"false", 5)
        if first == b"n":
            return self.word(position, b"null", 4)
        return self.number(position)

    cdef Py_ssize_t word(self, Py_ssize_t position, const char *word, int length) except -1:
        cdef int index
        for index in range(length):
            if self.at[position + index] != <unsigned char>word[index]:
                return self.fail(position)
        return position + length

    cdef Py_ssize_t digits(self, Py_ssize_t position) noexcept:
        while b"0" <= self.at[position] <= b"9":
            position += 1
        return position

    cdef Py_ssize_t number(self, Py_ssize_t start) except -1:
        cdef Py_ssize_t position = start, after
        if self.at[position] == b"-":
            position += 1
        if self.at[position] == b"0":
            position += 1
        else:
            after = self.digits(position)
            if after == position:
                return self.fail(start)
            position = after
        if self.at[position] == b".":
            after = self.digits(position + 1)
            # What begins no fraction, or no exponent, is no part of the number.
            if after == position + 1:
                return position
            position = after
        if self.at[position] == b"e" or self.at[position] == b"E":
            after = position + 1
            if self.at[after] == b"+" or self.at[after] == b"-":
                after += 1
            if self.digits(after) > after:
                position = self.digits(after)
        return position

    cdef Py_ssize_t string(self, Py_ssize_t start) except -1:
        cdef Py_ssize_t position = start
        cdef unsigned char byte
        cdef int digit
        if self.at[position] != b'"':
            return self.fail(start)
        position += 1
        while True:
            byte = self.at[position]
            if byte == b'"':
                return position + 1
            if byte < 0x20:
                return self.fail(start)
            position += 1
            if byte != b"\\":
                continue
            byte = self.at[position]
            position += 1
            if byte == b"u":
                for digit in range(4):
                    if not _is_hexadecimal(self.at[position + digit]):
                        return self.fail(start)
                position += 4
            elif not _is_escape(byte):
                return self.fail(start)

    cdef Py_ssize_t object(self, Py_ssize_t position, object state, int depth) except -1:
        cdef Py_ssize_t end
        cdef object child
        cdef set seen = set() if state is not None else None
        position = self.space(position + 1)
        if self.at[position] == b"}":
            return position + 1
        while True:
            end = self.string(position)
            child = None if state is None else self.member(state, position, end, seen)
            end = self.space(end)
            if self.at[end] != b":":
                raise UndecodableError(f"no ':' at byte {end}")
            position = self.space(self.value(self.space(end + 1), child, depth + 1))
            if self.at[position] == b"}":
                return position + 1
            if self.at[position] != b",":
                raise UndecodableError(f"no ',' at byte {position}")
            position = self.space(position + 1)

    cdef object member(self, object state, Py_ssize_t start, Py_ssize_t end, set seen):
        cdef object name = self.name(start, end)
        cdef object child = state.names.get(name, state.any_name)
        if child is not None:
            if name in seen:
                raise UndecodableError(f"a key that leads to a mask stands twice, at byte {start}")
            seen.add(name)
        return child

    cdef object name(self, Py_ssize_t start, Py_ssize_t end):
        cdef Py_ssize_t position
        for position in range(start, end):
            if self.at[position] == b"\\":
                return json.loads(self.text[start:end])
        return PyUnicode_DecodeUTF8(<const char *>self.at + start + 1, end - start - 2, NULL)

    cdef Py_ssize_t list(self, Py_ssize_t position, object state, int depth) except -1:
        cdef Py_ssize_t index = 0
        position = self.space(position + 1)
        if self.at[position] == b"]":
            return position + 1
        while True:
            child = None if state is None else state.indexes.get(index, state.any_index)
            position = self.space(self.value(position, child, depth + 1))
            if self.at[position] == b"]":
                return position + 1
            if self.at[position] != b",":
                raise UndecodableError(f"no ',' at byte {position}")
            position = self.space(position + 1)
            index += 1


cdef inline bint _is_hexadecimal(unsigned char byte) noexcept:
    return b"0" <= byte <= b"9" or b"a" <= byte <= b"f" or b"A" <= byte <= b"F"


cdef inline bint _is_escape(unsigned char byte) noexcept:
    return (
        byte == b'"' or byte == b"\\" or byte == b"/" or byte == b"b" or byte == b"f"
        or byte == b"n" or byte == b"r" or byte == b"t"
    )
