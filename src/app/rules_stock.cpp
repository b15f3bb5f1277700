#include "rules_stock.hpp"

#include "chance.hpp"
#include "rules_folder.hpp"

#include <utility>

namespace falconer::app {
rules_stock::rules_stock(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    rules_stock_options opt
)
    : loop_(loop), time_(time), metrics_(metrics), opt_(std::move(opt)), scope_(std::move(loop)) {}

result<void> rules_stock::start() {
    if (auto done = read_folder(); !done) return done;
    if (auto done = start_feed(); !done) return done;
    put_together();
    if (feed_) scope_.keep("rules", time_, [this] { return feed_->run(); });
    return {};
}

result<void> rules_stock::reload() {
    if (auto done = read_folder(); !done) return done;
    put_together();
    tell();
    return {};
}

result<void> rules_stock::read_folder() {
    const auto folder = opt_.folder.empty() ? built_in_rules() : opt_.folder;
    if (folder.empty()) return {};
    auto read = read_rules_folder(folder);
    if (!read.problems.empty())
        return failure{errc::not_found, opt_.section + ".rules: " + read.problems.front()};
    own_ = std::move(read.catalogue);
    return {};
}

/// What is wrong with the source is said at the start; that it is away is not wrong.
result<void> rules_stock::start_feed() {
    if (opt_.source.source.from.empty()) return {};
    const auto source = [this] { return oci::make_rules_source(loop_, time_, opt_.source.source); };
    if (auto tried = source(); !tried)
        return std::move(tried).error().while_doing(opt_.section + ".rulesSource");
    const auto gained = [this](const std::string& version, const falco::rule_set& files) {
        pulled_[version] = files;
        put_together();
        tell();
    };
    feed_.emplace(
        time_, metrics_, opt_.source, source,
        rules_feed::neighbours{
            .wanted = [this] { return wanted(); }, .gained = gained, .chance = chance
        }
    );
    pulled_ = feed_->cached();
    return {};
}

/// A version of the folder is the folder's, whatever a registry says.
void rules_stock::put_together() {
    auto all = own_;
    for (const auto& [version, files] : pulled_) all.emplace(version, files);
    rules_ = std::make_shared<falco::rule_catalogue>(std::move(all));
}

std::set<std::string> rules_stock::wanted() const {
    std::set<std::string> all;
    for (const auto& each : readers_)
        for (const auto& version : each.wanted())
            if (falco::find_rules(own_, version) == nullptr)
                all.emplace(falco::rules_version_meant(version));
    return all;
}

void rules_stock::tell() const {
    for (const auto& each : readers_) each.changed();
}

std::set<std::string> rules_versions_of(const falco::releases& offered) {
    std::set<std::string> all;
    for (const auto& [number, each] : offered.falco)
        if (!each.rules_version.empty()) all.insert(each.rules_version);
    return all;
}

}  // namespace falconer::app
