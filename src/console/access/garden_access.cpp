#include "garden_access.hpp"

#include "falconer/log.hpp"
#include "falconer/net/id_token.hpp"
#include "falconer/sha256.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr const char* core  = "core.gardener.cloud";
constexpr const char* falco = "falco.gardener.cloud";

/// What the garden did not say is asked for again after so long.
constexpr auto unsaid = 1s;

struct leaving {
    void operator()(turnstile* place) const { place->leave(); }
};

/// Any of them will do.
std::vector<garden_wish> wishes_for(garden_access::right which, const std::string& in) {
    if (which == garden_access::right::read) return {{"get", core, "shoots", in}};
    return {{"update", falco, "falcoevents", in}, {"update", core, "shoots", in}};
}

}  // namespace

/// Every project is asked for by itself, several at a time.
struct garden_access::survey {
    explicit survey(const asio::any_io_executor& loop) : done(loop) {}

    garden_user                         who{};
    right                               which = right::read;
    std::vector<project_watch::project> projects{};
    std::vector<bool>                   may{};
    std::size_t                         next = 0, at_work = 0;
    std::optional<failure>              wrong{};
    one_shot<bool>                      done;
};

garden_access::garden_access(
    asio::any_io_executor loop, time_source& time, kube_api& garden, options opt
)
    : loop_(loop), time_(time), opt_(std::move(opt)), garden_(garden), projects_(garden),
      strange_(loop, opt_.strange), scope_(std::move(loop)) {}

void garden_access::start() {
    scope_.keep("watch projects", time_, [this] { return projects_.run(); });
}

std::optional<std::string> garden_access::project_of(std::string_view namespace_name) const {
    for (auto& each : projects_.all())
        if (each.namespace_name == namespace_name) return each.name;
    return std::nullopt;
}

bool garden_access::knows(std::string_view project) const {
    return std::ranges::any_of(projects_.all(), [&](const auto& each) {
        return each.name == project;
    });
}

std::map<std::string, utc_time> garden_access::begun() const {
    std::map<std::string, utc_time> all;
    for (auto& each : projects_.all()) all.emplace(std::move(each.name), each.begun);
    return all;
}

bool garden_access::is_good(const entry& which) const {
    if (!which.is || time_.now() >= which.until) return false;
    return !*which.is || which.version == projects_.version();
}

garden_access::entry_ptr garden_access::entry_of(const secret& token, right which) {
    const auto  digest = sha256(token.reveal());
    std::string key(digest.begin(), digest.end());
    key            += which == right::read ? 'r' : 'c';
    const auto had  = known_.find(key);
    if (had != known_.end()) return had->second;
    tidy();
    return known_.emplace(std::move(key), std::make_shared<entry>()).first->second;
}

/// Those that are old; where that is not enough, those that nobody has, for whoever sends such in
/// plenty shall not make the others be asked for again; and then any.
void garden_access::tidy() {
    if (known_.size() < opt_.tokens) return;
    std::erase_if(known_, [&](const auto& each) {
        return !each.second->under_way && time_.now() >= each.second->until;
    });
    for (const bool any : {false, true})
        for (auto it = known_.begin(); it != known_.end() && known_.size() >= opt_.tokens;) {
            const auto& each  = *it->second;
            const bool  stays = each.under_way || (!any && each.is && *each.is);
            it                = stays ? std::next(it) : known_.erase(it);
        }
}

task<result<garden_access::rights>> garden_access::of(secret token, right which) {
    if (!is_bearer_token(token.reveal())) co_return failure{errc::denied, "this is no token"};
    const auto it = entry_of(token, which);
    if (is_good(*it)) co_return *it->is;
    const bool stranger = !it->is || !*it->is;
    if (!it->under_way && stranger && strangers_ >= opt_.strange + opt_.waiting)
        co_return failure{errc::overloaded, "too many tokens are being looked at"};
    auto mine = std::make_shared<one_shot<bool>>(loop_);
    it->waiting.push_back(mine);
    if (!std::exchange(it->under_way, true))
        scope_.spawn("rights", look(it, std::move(token), which));
    co_await mine->get();
    if (!it->is) co_return failure{errc::unavailable, "the garden was not asked"};
    co_return *it->is;
}

/// For all who wait. It goes on if they do not: the answer is for the next ones.
task<void> garden_access::look(entry_ptr into, secret token, right which) {
    const bool     stranger  = !into->is || !*into->is;
    const auto     version   = projects_.version();
    result<rights> got       = failure{errc::unavailable, "the garden was not asked"};
    strangers_              += stranger ? 1 : 0;
    try {
        if (stranger) co_await strange_.enter();
        const std::unique_ptr<turnstile, leaving> place(stranger ? &strange_ : nullptr);
        got = co_await ask(std::move(token), which);
    } catch (const std::exception& what) {  // we stop; or it is a mistake of ours
        got = failure{errc::unavailable, what.what()};
    }
    strangers_     -= stranger ? 1 : 0;
    const auto now  = time_.now();
    into->version   = version;
    if (got) {
        into->until = now + opt_.keep;
        if (got->ends) into->until = std::min(into->until, now + (*got->ends - time_.utc()));
        got->good_until = into->until;
    } else if (got.error().code == errc::denied) {
        into->until = now + opt_.keep_refused;
    } else {
        into->until = now + unsaid;
    }
    into->is        = std::move(got);
    into->under_way = false;
    for (const auto& each : std::exchange(into->waiting, {})) each->set(true);
}

task<result<garden_access::rights>> garden_access::ask(secret token, right which) {
    rights got{.ends = net::end_of_token(token.reveal())};
    if (got.ends && *got.ends <= time_.utc())
        co_return failure{errc::denied, "the token has expired"};
    auto who = co_await garden_.who_has(std::move(token));
    if (!who) co_return std::move(who).error();
    got.who            = std::move(*who);
    got.sees.landscape = opt_.landscape;
    garden_wish operate{"get", "", "secrets", ""};
    auto        operates = co_await garden_.may(got.who, std::move(operate));
    if (!operates) co_return std::move(operates).error();
    got.operates = *operates;
    garden_wish list{"list", core, "shoots", ""};
    auto        all = co_await garden_.may(got.who, std::move(list));
    if (!all) co_return std::move(all).error();
    // What is no shoot's nobody changes who does not operate; nor who only looks.
    got.sees.everything = *all && (which == right::read || got.operates);
    if (got.sees.everything && which == right::change) {
        auto everywhere = co_await may_everywhere(got.who, which);
        if (!everywhere) co_return std::move(everywhere).error();
        got.sees.everything = *everywhere;
    }
    if (got.sees.everything) co_return got;
    auto asked = co_await ask_projects(got, which);
    if (!asked) co_return std::move(asked).error();
    co_return got;
}

task<result<bool>> garden_access::may_everywhere(garden_user who, right which) {
    const auto anywhere = wishes_for(which, "");
    for (const auto& each : anywhere) {
        auto may = co_await garden_.may(who, each);
        if (!may || *may) co_return may;
    }
    co_return false;
}

task<result<void>> garden_access::ask_projects(rights& of, right which) {
    if (auto why = projects_.missing()) co_return failure{errc::unavailable, std::move(*why)};
    auto on      = std::make_shared<survey>(loop_);
    on->who      = of.who;
    on->which    = which;
    on->projects = projects_.all();
    on->may.resize(on->projects.size());
    // Who may everywhere may in each of them.
    auto everywhere = co_await may_everywhere(of.who, which);
    if (!everywhere) co_return std::move(everywhere).error();
    if (*everywhere) {
        on->may.assign(on->projects.size(), true);
        on->next = on->projects.size();
    }
    if (on->next < on->projects.size()) {
        on->at_work = std::min(opt_.at_once, on->projects.size());
        for (std::size_t i = on->at_work; i > 0; --i) scope_.spawn("right", work(on));
        co_await on->done.get();
        if (on->wrong) co_return std::move(*on->wrong);
    }
    for (std::size_t i = 0; i < on->projects.size(); ++i) {
        if (!on->may[i]) continue;
        of.sees.begun.emplace(on->projects[i].name, on->projects[i].begun);
        of.sees.projects.push_back(std::move(on->projects[i].name));
    }
    co_return result<void>{};
}

task<void> garden_access::work(std::shared_ptr<survey> on) {
    while (on->next < on->projects.size() && !on->wrong) {
        const auto mine = on->next++;
        const auto any  = wishes_for(on->which, on->projects[mine].namespace_name);
        try {
            for (const auto& each : any) {
                auto may = co_await garden_.may(on->who, each);
                if (!may) {
                    on->wrong = std::move(may).error();
                    break;
                }
                on->may[mine] = *may;
                if (*may) break;
            }
        } catch (const std::exception& what) {  // whoever waits for us shall not do so for ever
            on->wrong = failure{errc::unavailable, what.what()};
        }
    }
    if (--on->at_work == 0) on->done.set(true);
}

}  // namespace falconer::console
