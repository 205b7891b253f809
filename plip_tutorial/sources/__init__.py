"""Where pictures and tables come from: files, a reader's own tiles, the hub.

`picture_files` walks folders, `images` and `grey_levels` decode, `tables` reads what spreadsheets wrote, `own_tiles`
takes a reader's set; `hub` and `hub_data` fetch models and open sets, with the patience of `asking` and `network`.
"""
