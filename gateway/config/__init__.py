"""The configuration: one strict YAML file becomes one frozen `Config`, or every error at once.

`model` declares each key with its default and limits (docs/configuration.md explains them),
`load` reads the file and turns whatever is wrong with it into a list of `Problem`s.
"""
