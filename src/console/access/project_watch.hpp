// The garden's projects, kept at hand by a watch.
#pragma once

#include "falconer/object_cache.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::console {

/// Threading: the loop thread. Borrows the API.
class project_watch final : public kube_listener {
public:
    explicit project_watch(kube_api& garden);

    struct project {
        std::string name{}, namespace_name{};
        /// One of the same name that was there before is another one.
        utc_time begun{};
    };
    /// Those that have a namespace, and say when they were made.
    std::vector<project> all() const;
    /// Another one whenever all() has become another.
    std::uint64_t version() const noexcept { return version_; }

    /// Nothing: all have been read. Else why not yet, a sentence.
    std::optional<std::string> missing() const;

    /// Returns only by being cancelled.
    task<void> run();

    void heard(kube_event event) override;
    void troubled(const failure& why) override;
    void goes_on() override;

private:
    kube_api&     garden_;
    object_cache  cache_;
    std::uint64_t version_ = 0;
    std::string   trouble_{};
};

}  // namespace falconer::console
