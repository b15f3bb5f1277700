// Falco's rules as the roles of one process have them: those of a folder, and what is pulled
// besides.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/metrics.hpp"
#include "falconer/task_scope.hpp"
#include "rules_feed.hpp"

#include <asio/any_io_executor.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace falconer::app {

struct rules_stock_options {
    std::string           section = "controller";  // of the configuration, for messages
    std::filesystem::path folder{};                // a folder per version; empty: the built-in ones
    rules_feed_options    source{};
};

/// One for all roles of a process: no version is pulled twice, and the controller delivers what
/// admission has read.
///
/// Lifetime : readers join before they need anything; stop() before any of them ends.
/// Threading: the loop thread only.
class rules_stock {
public:
    struct reader {
        /// Versions that profiles name, whether they are here or not.
        std::function<std::set<std::string>()> wanted;
        /// rules() are others now.
        std::function<void()> changed;
    };

    rules_stock(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        rules_stock_options opt
    );

    /// Errors: a folder or a source that is none, in one sentence; that a registry is away is none.
    result<void> start();
    /// The folder once more. Errors: it cannot be read; the rules stay as they are.
    result<void> reload();
    task<void>   stop() { return scope_.stop(); }

    void join(reader who) { readers_.push_back(std::move(who)); }
    /// Somebody may want something else now.
    void look() noexcept {
        if (feed_) feed_->look();
    }
    /// Never changed, only replaced.
    std::shared_ptr<const falco::rule_catalogue> rules() const noexcept { return rules_; }

private:
    result<void>          read_folder();
    result<void>          start_feed();
    std::set<std::string> wanted() const;
    void                  put_together();
    void                  tell() const;

    asio::any_io_executor                        loop_;
    time_source&                                 time_;
    metrics_registry&                            metrics_;
    rules_stock_options                          opt_;
    falco::rule_catalogue                        own_{};     // of the folder, which come first
    falco::rule_catalogue                        pulled_{};  // of the feed
    std::shared_ptr<const falco::rule_catalogue> rules_ = std::make_shared<falco::rule_catalogue>();
    std::vector<reader>                          readers_{};
    std::optional<rules_feed>                    feed_{};
    task_scope                                   scope_;
};

/// The versions of rules that Falco's versions come with.
std::set<std::string> rules_versions_of(const falco::releases& offered);

}  // namespace falconer::app
