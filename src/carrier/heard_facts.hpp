// What several ingestors say of the clusters of one seed, made into one word for each shoot.
#pragma once

#include "falconer/messages_wire.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace falconer::carrier {

/// Each ingestor sees a part: a cluster is over its budget where one of them says so, and silent
/// where nobody hears it. What holds is told again and again, as by an ingestor in the same
/// process: shoots that are there later hear it all the same.
///
/// Threading: the loop thread only. Lifetime: the office outlives it.
class heard_facts {
public:
    heard_facts(shoot_office& shoots, std::size_t most) : shoots_(shoots), most_(most) {}

    /// False: it is nothing that an ingestor may say, or there is no room for it.
    bool hear(const std::string& by, const cluster_identity& to, const shoot_message& what);

    /// Between the two an ingestor says all that it knows; what it does not say holds no longer.
    void begin_anew(const std::string& by);
    void said_all(const std::string& by);
    /// It has gone for good. Its word about hearts counts until somebody else has one.
    void forget(const std::string& by);

    void        repeat() const;
    std::size_t size() const noexcept { return facts_.size(); }

private:
    struct view {
        shoot_message what{};
        bool          stale = false;
    };
    struct fact {
        std::map<std::string, view>  views{};  // by ingestor; "": of one that has gone
        std::optional<shoot_message> told{};
    };
    using key   = std::pair<std::string, std::size_t>;  // cluster, kind
    using facts = std::map<key, fact>;

    static std::optional<shoot_message> word_of(const fact& is);
    void                                say(const std::string& cluster, fact& is);
    template <class Condition>
    void drop_views(const std::string& by, Condition goes);

    shoot_office& shoots_;
    std::size_t   most_;
    facts         facts_{};
};

}  // namespace falconer::carrier
