// Stands in for the theme's 1.5 MB script of the same path: the icons come from
// the web font that the theme loads as well, so the script has nothing to add.
