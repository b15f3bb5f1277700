// ConfigMaps with rules, kept packed while the garden is watched and unpacked when a review names
// them.
#pragma once

#include "falconer/falco/garden_view.hpp"
#include "falconer/object_cache.hpp"
#include "falconer/ports/kube_api.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace falconer::admissions {

/// Of every ConfigMap its name is kept; of those with rule files also these, as they came, within
/// the limits. What is beyond them cannot be seen: reviews go on, and its delivery looks at it.
///
/// Threading: the loop thread only.
class config_map_watch final : public kube_listener {
public:
    /// Bytes.
    struct limits {
        std::size_t packed     = std::size_t{64} << 20;  // all that is kept as it came
        std::size_t of_a_space = std::size_t{8} << 20;   // … of one namespace: no project's crowd
                                                         // takes it from the others
        std::size_t unpacked = std::size_t{16} << 20;    // of what reviews have named last
    };

    explicit config_map_watch(kube_api& api) : config_map_watch(api, limits{}) {}
    config_map_watch(kube_api& api, limits most);

    void heard(kube_event event) override;
    /// Whoever gives us our permissions may well leave these out.
    void troubled(const failure& why) override;

    task<void> run();

    /// Unpacked now, unless one of the last reviews has named it and it is still the same.
    falco::seen_rules find(const kube_key& key);

    std::size_t packed_bytes() const noexcept { return packed_bytes_; }
    std::size_t unpacked_bytes() const noexcept { return unpacked_bytes_; }

private:
    using shared_files = std::shared_ptr<const falco::custom_rule_files>;
    struct unpacked {
        kube_key     key{};
        shared_files files{};
        std::size_t  bytes = 0;
    };

    void         keep(const kube_key& key, const value& config_map);
    void         drop(const kube_key& key);
    void         forget_unpacked(const kube_key& key);
    shared_files unpack(const kube_key& key, const value& packed);
    bool         has_room(const std::string& space, std::size_t bytes) const;

    kube_api&                          api_;
    limits                             most_;
    object_cache                       names_;
    std::map<kube_key, value>          packed_{};  // null: there was no room for it
    std::map<std::string, std::size_t> of_spaces_{};
    std::list<unpacked>                unpacked_{};  // the last that was named comes first
    std::size_t                        packed_bytes_   = 0;
    std::size_t                        unpacked_bytes_ = 0;
    bool                               denied_         = false;
    bool                               full_           = false;  // has been said
};

}  // namespace falconer::admissions
