// YAML that must be exactly what we expect: every problem is found, each with its line and key.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer {

/// One document, read key by key. Whatever was not asked for is unknown, and a problem.
///
///     yaml_document file{"falconer.yaml", text};
///     auto store = file.root().section("store");
///     store.read("port", port, 1, 65535);
///     for (const auto& problem : file.problems()) …
///
/// A value that is absent, or wrong, leaves its variable as it was. Anchors, aliases and merge keys
/// are refused.
class yaml_document {
public:
    yaml_document(std::string name, std::string_view text);
    ~yaml_document();
    yaml_document(const yaml_document&)            = delete;
    yaml_document& operator=(const yaml_document&) = delete;

    class reader;
    reader root();

    /// Whether it is a mapping at all. If not, problems() says why, and what is not in it means
    /// nothing.
    bool readable() const;

    /// Call it when all has been read. In the order of lines:
    /// "falconer.yaml:12: ingestor.listn: unknown key; did you mean 'listen'?"
    std::vector<std::string> problems() const;

    /// Every key that was asked for, "ingestor.spool.directory", whether it was there or not.
    const std::set<std::string>& keys() const;
    /// Where those of them stand that are there: for what others find out about their values.
    const std::map<std::string, int>& lines() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A mapping of the document. Lifetime: not longer than the document.
class yaml_document::reader {
public:
    /// A mapping within this one; when it is absent, an empty one.
    reader section(std::string_view key);

    bool has(std::string_view key) const;
    /// The key is there, and nothing stands behind it.
    bool is_empty(std::string_view key) const;

    void read(std::string_view key, std::string& into);
    void read(std::string_view key, bool& into);
    void read(std::string_view key, std::vector<std::string>& into);  // a list of texts

    template <class Integer>
    void read(
        std::string_view key, Integer& into, std::uint64_t least,
        std::uint64_t most = std::numeric_limits<std::int64_t>::max()
    ) {
        if (const auto value = number(key, least, most)) into = static_cast<Integer>(*value);
    }

    /// "500ms", "1h30m", as Go writes durations.
    template <class Duration>
    void read_duration(std::string_view key, Duration& into, Duration least, Duration most) {
        if (const auto value = duration(key, least, most))
            into = std::chrono::duration_cast<Duration>(*value);
    }

    /// "64Mi", "10G" or plain bytes. Source: Kubernetes' resource quantities.
    template <class Integer>
    void read_bytes(std::string_view key, Integer& into, std::uint64_t least, std::uint64_t most) {
        if (const auto value = bytes(key, least, most)) into = static_cast<Integer>(*value);
    }

    template <class Choice>
    void read_choice(
        std::string_view key, Choice& into,
        std::initializer_list<std::pair<std::string_view, Choice>> choices
    ) {
        std::vector<std::string_view> names;
        for (const auto& [name, value] : choices) names.push_back(name);
        const auto which = choice(key, names);
        if (which) into = (choices.begin() + static_cast<std::ptrdiff_t>(*which))->second;
    }

    /// The key is known; somebody else reads what it holds.
    void leave(std::string_view key);

    /// A problem with what `key` holds, or with its absence.
    void complain(std::string_view key, std::string what);

private:
    friend class yaml_document;
    reader(impl& whole, std::size_t place) : whole_(&whole), place_(place) {}

    std::optional<std::uint64_t> number(
        std::string_view key, std::uint64_t least, std::uint64_t most
    );
    std::optional<std::uint64_t> bytes(
        std::string_view key, std::uint64_t least, std::uint64_t most
    );
    std::optional<std::chrono::nanoseconds> duration(
        std::string_view key, std::chrono::nanoseconds least, std::chrono::nanoseconds most
    );
    std::optional<std::size_t> choice(
        std::string_view key, const std::vector<std::string_view>& names
    );

    impl*       whole_;
    std::size_t place_;
};

}  // namespace falconer
