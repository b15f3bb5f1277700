// API objects read field by field: every problem is found, each with the path of its field.
#pragma once

#include "falconer/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer {

struct field_problem {
    std::string path{};  // "spec.extensions[0].providerConfig.destinations[1].name"
    std::string what{};
    int         line = 0;  // of the text it was read from; 0: not known

    std::string text() const { return path.empty() ? what : path + ": " + what; }
};
using field_problems = std::vector<field_problem>;

using text_map = std::vector<std::pair<std::string, std::string>>;

/// A mapping, read strictly. Whatever nobody asked for is unknown, and a problem; so is a key that
/// comes twice. Null counts as absent. A field that is absent or wrong leaves its variable alone.
///
///     field_reader in(object, "spec", problems);
///     in.read("replicas", replicas);
///     in.each("ports", [&](const value& port, const std::string& path) { … });
///
/// Lifetime: reports at its end. Borrows what it is given.
class field_reader {
public:
    /// When `of` is no mapping that is a problem, and the mapping taken for empty.
    field_reader(const value& of, std::string path, field_problems& problems);
    ~field_reader();
    field_reader(const field_reader&)            = delete;
    field_reader& operator=(const field_reader&) = delete;

    /// Whether it is there and not null. The key is known from now on.
    const value* find(std::string_view key);

    void read(std::string_view key, std::string& into);
    void read(std::string_view key, bool& into);
    void read(std::string_view key, std::int64_t& into);
    void read(std::string_view key, text_map& into);
    void read(std::string_view key, std::vector<std::string>& into);

    /// A text that must not be absent or empty. Whether it is there.
    bool read_needed(std::string_view key, std::string& into);

    template <class T>
    void read(std::string_view key, std::optional<T>& into) {
        T          fresh{};
        const auto before = problems_.size();
        read(key, fresh);
        if (find(key) != nullptr && problems_.size() == before) into = std::move(fresh);
    }

    /// `then(reader)` for the mapping under `key`, if there is one.
    template <class Then>
    void in(std::string_view key, Then&& then) {
        if (const auto* inner = find(key)) {
            field_reader reader(*inner, path_of(key), problems_);
            then(reader);
        }
    }
    /// `then(item, path)` for each of the list under `key`.
    template <class Then>
    void each(std::string_view key, Then&& then) {
        const auto* list = list_at(key);
        if (list == nullptr) return;
        for (std::size_t i = 0; i < list->size(); ++i)
            then((*list)[i], path_of(key) + '[' + std::to_string(i) + ']');
    }

    /// A text that must be this one: apiVersion and kind.
    void must_be(std::string_view key, std::string_view wanted);

    std::string path_of(std::string_view key) const;
    void        complain(std::string_view key, std::string what);
    /// "expected `wanted`, found 'what is there'"
    void            expected(std::string_view key, std::string_view wanted);
    field_problems& problems() { return problems_; }

private:
    const value::list_type* list_at(std::string_view key);
    void                    report(const value::entry& entry, std::string what);

    const value&                  object_;
    std::string                   path_;
    field_problems&               problems_;
    std::vector<std::string_view> known_{};
};

}  // namespace falconer
