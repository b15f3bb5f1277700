// What a backup consists of: the one object that is read first, and written last.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::store {

/// Of the layout of objects and of the manifest. A reader takes those up to its own.
inline constexpr int backup_format = 1;

inline constexpr auto manifest_name = "manifest.json";
/// Of a backup under way, for whoever goes on with it.
inline constexpr auto unfinished_manifest_name = "manifest.unfinished.json";

/// An object as it lies there.
struct backup_object {
    std::string   name{};
    std::string   sha256{};   // of its compressed bytes, 64 digits
    std::uint64_t bytes = 0;  // compressed
    std::uint64_t rows  = 0;  // lines of COPY's text format in it
};

/// The events of one UTC day of receipt, and by what it is known whether more have come since.
struct backup_day {
    std::string   day{};  // "2026-11-30"
    backup_object events{};
    std::string   as_of{};           // when it was known to be all of it
    std::string   table{};           // its oid: retention writes a day anew
    std::uint64_t batches_from = 0;  // a batch of this transaction or a later one is not in it
};

struct backup_manifest {
    int                                  format = backup_format;
    int                                  schema = 0;
    std::string                          made{};     // "2026-11-30T10:00:00Z", by the store's clock
    std::string                          made_by{};  // which falconer
    std::string                          system{};   // of the server
    std::int64_t                         timeline = 0;
    std::vector<std::string>             landscapes{};
    std::vector<backup_day>              days{};   // the oldest first
    std::map<std::string, backup_object> parts{};  // by the names in parts.hpp

    const backup_day* find(std::string_view day) const;
    std::uint64_t     events() const;
    std::uint64_t     bytes() const;
};

/// Whether backup.cpp gives such a name to what it writes. Whatever else lies in the folder is
/// somebody's, also a base.tar.gz.
bool is_named_by_backup(std::string_view name);

/// One line of JSON. Its last member is the sum of all bytes before it.
std::string text_of(const backup_manifest& what);

/// Errors : malformed  cut short, damaged, or no manifest
///          conflict   of a newer format
result<backup_manifest> parse_manifest(std::string_view text);

}  // namespace falconer::store
