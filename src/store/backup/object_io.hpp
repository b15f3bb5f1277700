// Objects of a backup on their way: compressed and summed up going out, checked coming back.
#pragma once

#include "manifest.hpp"
#include "packing.hpp"
#include "vault.hpp"

#include <optional>

namespace falconer::store {

/// Writes one object. Without end(): there is none.
class object_maker {
public:
    object_maker(vault& to, std::string name) : to_(to) { is_.name = std::move(name); }

    /// A row. The object is begun with the first one.
    result<void> add(std::string_view row);
    /// Kept, if it has any rows. Nothing: it has none.
    result<std::optional<backup_object>> end();

    std::uint64_t rows() const { return is_.rows; }
    std::uint64_t bytes() const { return is_.bytes; }

private:
    result<void> begin();
    result<void> write(std::string_view packed);

    vault&                         to_;
    backup_object                  is_{};
    std::unique_ptr<object_writer> out_;
    packer                         pack_;
    running_sum                    sum_;
};

/// Reads one object through, and fails at its end if it is not what the manifest says.
class object_source {
public:
    object_source(vault& from, backup_object what) : from_(from), what_(std::move(what)) {}

    /// The next piece of its rows; empty: that was all, and it was all right.
    /// Errors: malformed (cut short, damaged), and those of the vault.
    result<std::string_view> next();

    std::uint64_t rows() const { return rows_; }

private:
    result<void> more();
    result<void> check();
    failure      damaged(std::string how) const;

    vault&                         from_;
    backup_object                  what_;
    std::unique_ptr<object_reader> in_;
    unpacker                       unpack_;
    running_sum                    sum_;
    std::string                    piece_;
    std::uint64_t                  bytes_ = 0, rows_ = 0;
    bool                           over_ = false;
};

/// A small object as it is. Errors: those of the vault; malformed: more than `most` bytes.
result<std::string> read_object(vault& from, const std::string& name, std::size_t most);
result<void>        write_object(vault& to, const std::string& name, std::string_view bytes);

}  // namespace falconer::store
