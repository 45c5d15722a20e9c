# Vega's scripts, which are put into every report.html when oubli is built, and are not needed later.
find_path(OUBLI_VEGA vega-view.min.js PATHS /usr/share/javascript PATH_SUFFIXES vega
          DOC "Folder of Vega's scripts, one for each module (Debian: libjs-vega)" REQUIRED)
