// Which seed's controller speaks for which cluster.
#pragma once

#include "falconer/time_source.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>

namespace falconer::carrier {

/// Who speaks for a cluster first keeps it until it lets go of it (the cluster is deleted or moves
/// to another seed), or has not been heard of for long. Pure but for its memory.
class ownership {
public:
    struct options {
        std::chrono::minutes abandoned{10};
        std::size_t          clusters_each = 20'000;  // that one seed may speak for
    };
    enum class verdict {
        known,     // it is its own already
        taken,     // from now on
        foreign,   // another seed speaks for it
        too_many,  // it speaks for so many that there is something wrong with it
    };

    explicit ownership(options opt) : opt_(opt) {}

    verdict claim(const std::string& cluster, const std::string& seed, steady_time now);
    /// Nothing happens unless it is that seed's.
    void release(const std::string& cluster, const std::string& seed);
    void heard_of(const std::string& seed, steady_time now) { heard_[seed].at = now; }

    /// Null: nobody's.
    const std::string* owner_of(const std::string& cluster) const;
    std::size_t        size() const noexcept { return owners_.size(); }

private:
    struct account {
        steady_time at       = steady_time::min();
        std::size_t clusters = 0;
    };

    options                                      opt_;
    std::unordered_map<std::string, std::string> owners_{};  // cluster → seed
    std::map<std::string, account>               heard_{};   // by seed
};

}  // namespace falconer::carrier
