"""Files that are whole or absent: written beside their place and moved there, one writer at a time.

`files` writes, locks and compares; `cache` keeps what takes minutes under the settings that made it.
"""
