"""What is fuzzed: a module for each reader of lenet, loaded by faultlab/fuzzing.py in a process of its own.

MAX_LENGTH                        of an input, in bytes
WORDS                             byte strings that mean something to the reader
seeds()                           valid inputs to start from
read(content, folder)             gives `content` to the reader, by way of a file in `folder` where it wants one
mutated(content, mutate, random)  another input, of which the reader sees more than its first check; `mutate` is libFuzzer's
"""
