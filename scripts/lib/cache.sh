# Where built tools and peers are kept between runs, outside the tree. Sourced.
falconer_cache=${XDG_CACHE_HOME:-$HOME/.cache}/falconer
