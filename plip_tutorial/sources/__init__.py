"""Where pictures and tables come from: files, a reader's own tiles, the hub.

`picture_files` walks folders, `images` and `grey_levels` decode, `tables` reads what spreadsheets and programs wrote,
`own_tiles` takes a reader's set, `slides` fetches a slide that everybody may use. `hub` fetches models and `hub_data`
open sets; what it cannot give is said by `asking`.
"""
