// How commands find the archive.
#pragma once

#include "store/backup/vault.hpp"
#include "store_access.hpp"

#include <memory>

namespace falconer::cli {

/// Where the configuration says that days are written out to.
/// Errors : malformed  it says nothing, or its problems have been printed
///          and those of the folder.
result<std::unique_ptr<store::vault>> open_archive(const store_choice& where);

}  // namespace falconer::cli
