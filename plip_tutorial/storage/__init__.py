"""Files that are whole or absent: written beside their place and moved there, one writer at a time.

`files` writes and locks, `cache` keeps what takes minutes under the settings that made it, `file_contents` tells
whether two files hold the same.
"""
