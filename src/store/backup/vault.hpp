// Where a backup lies: named objects, in a folder or behind commands.
#pragma once

#include "falconer/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::store {

/// An object that is being written. Destroyed before keep(): there is none.
class object_writer {
public:
    virtual ~object_writer() = default;

    /// Errors : overloaded  no room is left
    ///          unavailable else
    virtual result<void> write(std::string_view piece) = 0;
    /// It is there for good, whole, in the place of one of the same name.
    virtual result<void> keep() = 0;
};

class object_reader {
public:
    virtual ~object_reader() = default;

    /// How many bytes there were room for; 0: the end. Errors: unavailable.
    virtual result<std::size_t> read(std::span<char> into) = 0;
};

/// Everything blocks: for commands, which have nothing else to do meanwhile.
class vault {
public:
    virtual ~vault() = default;

    virtual result<std::unique_ptr<object_writer>> create(const std::string& name) = 0;
    /// Errors: not_found, denied, unavailable.
    virtual result<std::unique_ptr<object_reader>> open(const std::string& name) = 0;

    /// Whether an object of this many bytes is there. Those who would have to read it say yes.
    virtual bool may_have(const std::string&, std::uint64_t) const { return true; }

    /// Can say what is there, and remove it.
    virtual bool                             lists() const { return false; }
    virtual result<std::vector<std::string>> list() { return std::vector<std::string>{}; }
    virtual result<void>                     remove(const std::string&) { return {}; }

    /// How people call it.
    virtual std::string text() const = 0;
};

/// An object is a file; made where it is missing. One at a time may write into it.
/// Errors: conflict (somebody does), denied, unavailable.
result<std::unique_ptr<vault>> open_folder(const std::filesystem::path& folder);
/// The same for those who write over nothing: several may.
result<std::unique_ptr<vault>> open_shared_folder(const std::filesystem::path& folder);
/// The same of a folder that is there and only read.
result<std::unique_ptr<vault>> look_into_folder(const std::filesystem::path& folder);

struct vault_commands {
    std::string write{};  // reads an object on its standard input
    std::string read{};   // prints one, or ends with another code than 0
    /// Of a command that takes or gives nothing, or does not end when it has had all: it is told to
    /// end, with all that it has started, and killed 5 s later. 0: none.
    std::chrono::seconds limit{usual_limit};

    static constexpr std::chrono::seconds usual_limit{1800};
};
/// Each is run by `sh -c`, with the object's name in the environment as FALCONER_OBJECT. What it
/// writes to standard error is seen.
std::unique_ptr<vault> behind_commands(vault_commands how);

}  // namespace falconer::store
