#include "shoots.hpp"

#include "falconer/falco/extension_protocol.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {

shoots::shoots(
    asio::any_io_executor loop, const shoot_round::surroundings& with, metrics_registry& metrics,
    options opt
)
    : with_(with), opt_(std::move(opt)),
      gates_{turnstile(loop, opt_.at_once), turnstile(loop, opt_.looks)},
      rounds_(metrics.make_counter("falconer_reconcile_rounds_total", "Rounds of shoots.")),
      failures_(metrics.make_counter(
          "falconer_reconcile_failures_total", "Rounds of shoots that could not do their work."
      )),
      writes_(metrics.make_counter(
          "falconer_reconcile_writes_total", "Objects that rounds have written, status not counted."
      )),
      known_(metrics.make_gauge("falconer_shoots", "Extensions that are looked after.")),
      troubled_(metrics.make_gauge(
          "falconer_shoots_troubled", "Extensions whose last round could not do its work."
      )),
      scope_(std::move(loop)) {}

void shoots::heard(const object_change& change) {
    if (!change.after) {  // a round finds it gone, if there was none that took it away
        if (const auto found = open_.find(change.key); found != open_.end())
            found->second->tell(work_asked{});
        return;
    }
    const auto after = falco::read_extension(*change.after);
    if (!falco::is_ours(after, with_.around.classes)) return;
    std::optional<falco::extension_view> before;
    if (change.before) before = falco::read_extension(*change.before);
    const bool starts = falco::starts_work(before, after);
    const auto found  = open_.find(change.key);
    auto&      actor =
        found != open_.end()
                 ? *found->second
                 : open(
                  change.key,
                  falco::next_resync(after, change.key.text(), with_.opt.resync, with_.time.utc())
              );
    actor.heard(after.is, falco::conditions_in(*change.after));
    if (starts) actor.tell(work_asked{});
}

shoot_actor& shoots::open(const kube_key& key, utc_time first_look) {
    auto actor = std::make_shared<shoot_actor>(key, with_, gates_, opt_.actor, first_look);
    open_.insert_or_assign(key, actor);
    // Whatever of one shoot's makes us stumble is no matter of the others.
    scope_.keep("shoot " + key.text(), with_.time, [this, actor] { return look_after(actor); });
    return *actor;
}

task<void> shoots::look_after(std::shared_ptr<shoot_actor> one) {
    co_await one->run();
    const auto& counts  = one->counts();
    of_gone_.rounds    += counts.rounds;
    of_gone_.failures  += counts.failures;
    of_gone_.writes    += counts.writes;
    const auto found    = open_.find(one->key());
    if (found != open_.end() && found->second == one) open_.erase(found);
}

void shoots::tell(const std::string& control_plane, const shoot_message& what) {
    for (auto at = open_.lower_bound({control_plane, ""});
         at != open_.end() && at->first.namespace_name == control_plane; ++at)
        at->second->tell(what);
}

void shoots::tell(const cluster_identity& to, const shoot_message& what) {
    const auto found = with_.around.control_planes.find(to.text);
    if (found == with_.around.control_planes.end()) return;
    const auto& [space, is] = found->second;
    for (auto at = open_.lower_bound({space, ""});
         at != open_.end() && at->first.namespace_name == space; ++at)
        if (at->second->is() == is) at->second->tell(what);
}

void shoots::tell_all(const shoot_message& what) {
    for (auto& [key, actor] : open_) actor->tell(what);
}

std::size_t shoots::unsettled() const {
    return static_cast<std::size_t>(std::count_if(open_.begin(), open_.end(), [](const auto& each) {
        return !each.second->settled();
    }));
}

void shoots::refresh_metrics() {
    auto        sum      = of_gone_;
    std::size_t troubled = 0;
    for (const auto& [key, actor] : open_) {
        const auto& counts  = actor->counts();
        sum.rounds         += counts.rounds;
        sum.failures       += counts.failures;
        sum.writes         += counts.writes;
        troubled           += actor->trouble_now().empty() ? 0 : 1;
    }
    rounds_.raise_to(sum.rounds);
    failures_.raise_to(sum.failures);
    writes_.raise_to(sum.writes);
    known_.set(static_cast<double>(open_.size()));
    troubled_.set(static_cast<double>(troubled));
}

}  // namespace falconer::actors
