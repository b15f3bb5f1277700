// A watch over connections that are cut between any two bytes, a server that forgets, and pages
// that expire: nothing is lost, and nothing is told twice.
#include "k8s/watch_lines.hpp"
#include "k8s/watch_machine.hpp"

#include "falconer/object_cache.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace falconer::k8s {
namespace {

/// What an API server remembers: what there is, and what has happened since it last forgot.
class small_server {
public:
    struct change {
        int         version = 0;
        std::string type{}, name{};
    };

    explicit small_server(std::mt19937& chance) : chance_(chance) {}

    bool likely(int percent) { return static_cast<int>(chance_() % 100) < percent; }
    int  below(std::size_t n) { return static_cast<int>(chance_() % n); }

    void happen() {
        version_         += 1 + below(3);  // other kinds have versions, too
        const auto name   = "o" + std::to_string(below(6));
        const auto found  = is_.find(name);
        const bool there  = found != is_.end();
        if (there && likely(40)) {
            is_.erase(found);
            past_.push_back({version_, "DELETED", name});
            return;
        }
        is_[name] = version_;
        past_.push_back({version_, there ? "MODIFIED" : "ADDED", name});
    }
    void forget() { forgotten_ = version_; }

    static value object(const std::string& name, int version) {
        value made;
        made["metadata"]["name"]            = name;
        made["metadata"]["resourceVersion"] = std::to_string(version);
        return made;
    }

    /// At most two a page; a page is of the moment when its list began.
    result<kube_page> list(const std::string& next) {
        if (next.empty()) {
            frozen_    = is_;
            frozen_at_ = version_;
        } else if (frozen_at_ < forgotten_) {
            return failure{errc::expired, "the page before is forgotten"};
        }
        kube_page page{.resource_version = std::to_string(frozen_at_)};
        for (auto at = frozen_.upper_bound(next); at != frozen_.end(); ++at) {
            if (page.items.size() == 2) {
                page.next = key_of(page.items.back()).name;
                break;
            }
            page.items.push_back(object(at->first, at->second));
        }
        return page;
    }

    /// All lines that a watch from there has to tell, now.
    std::string lines_from(int version) {
        if (version < forgotten_)
            return R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"
                   "\n";
        std::string text;
        for (const auto& each : past_) {
            if (each.version <= version) continue;
            text += line(each.type, object(each.name, each.version));
            if (likely(10)) text += line("BOOKMARK", bookmark(each.version));
        }
        if (likely(30)) text += line("BOOKMARK", bookmark(version_));
        return text;
    }
    std::vector<change> between(int from, int to) const {
        std::vector<change> all;
        for (const auto& each : past_)
            if (each.version > from && each.version <= to) all.push_back(each);
        return all;
    }
    const std::map<std::string, int>& is() const { return is_; }
    int                               frozen_at() const { return frozen_at_; }

private:
    static std::string line(const std::string& type, const value& object) {
        return json_text({{"type", type}, {"object", object}}) + "\n";
    }
    static value bookmark(int version) {
        value made;
        made["metadata"]["resourceVersion"] = std::to_string(version);
        return made;
    }

    std::mt19937&              chance_;
    std::map<std::string, int> is_{}, frozen_{};
    std::vector<change>        past_{};
    int                        version_ = 10, forgotten_ = 0, frozen_at_ = 0;
};

class WatchCutsTest : public ::testing::TestWithParam<unsigned> {
protected:
    std::mt19937  chance{GetParam()};
    small_server  server{chance};
    watch_machine machine{{}, [] { return 0.5; }};
    object_cache  mirror{[](value object) { return object; }};
    int           heard_up_to = 0;  // within this thread
    int           relists = 0, changes = 0;

    void hear(std::vector<kube_event> events) {
        for (auto& each : events) {
            if (each.kind == kube_event::what::init_begin) ++relists;
            if (each.kind == kube_event::what::init_done) heard_up_to = server.frozen_at();
            if (each.kind == kube_event::what::applied || each.kind == kube_event::what::deleted)
                judge(each);
            static_cast<void>(mirror.take(std::move(each)));
        }
    }
    /// It is the very next thing that happened after what was heard last.
    void judge(const kube_event& event) {
        ++changes;
        const auto version = std::stoi(std::string(resource_version_of(event.object)));
        const auto missed  = server.between(heard_up_to, version);
        ASSERT_EQ(missed.size(), 1u) << "after " << heard_up_to << " comes " << version;
        EXPECT_EQ(missed[0].name, key_of(event.object).name);
        EXPECT_EQ(missed[0].type == "DELETED", event.kind == kube_event::what::deleted);
        heard_up_to = version;
    }

    void list(const std::string& next) {
        if (server.likely(15)) return machine.ended(failure{errc::unavailable, "cut"});
        auto page = server.list(next);
        if (!page) return machine.ended(page.error());
        hear(machine.listed(std::move(*page)));
    }
    /// As much of it as comes before the cut, in pieces of any size. Every fourth one is not cut:
    /// of a single line that says "expired" hardly any cut leaves the whole.
    void watch(const std::string& from, bool whole) {
        const auto        text = server.lines_from(std::stoi(from));
        const bool        cut  = !whole && !server.likely(25);
        const std::size_t size =
            cut ? static_cast<std::size_t>(server.below(text.size() + 1)) : text.size();
        watch_lines lines(1 << 20);
        for (std::size_t at = 0; at < size;) {
            const auto piece =
                std::min<std::size_t>(1 + static_cast<std::size_t>(server.below(90)), size - at);
            ASSERT_TRUE(lines.add(
                std::string_view(text).substr(at, piece),
                [&](std::string_view line) { hear(machine.told(event_in(line))); }
            ));
            at += piece;
        }
        if (size < text.size())
            machine.ended(failure{errc::malformed, "cut"});
        else
            machine.ended(std::nullopt);
    }
    void turn(bool whole) {
        const auto wanted = machine.next();
        if (wanted.kind == watch_machine::request::what::list)
            list(wanted.next);
        else
            watch(wanted.resource_version, whole);
    }
};

TEST_P(WatchCutsTest, NothingIsLostAndNothingToldTwice) {
    for (int i = 0; i < 3'000; ++i) {
        while (server.likely(60)) server.happen();
        if (server.likely(3)) server.forget();
        turn(false);
        if (HasFatalFailure()) return;
    }
    for (int i = 0; i < 100; ++i) turn(true);  // and now it is quiet
    EXPECT_EQ(mirror.size(), server.is().size());
    for (const auto& [name, version] : server.is()) {
        const auto* const kept = mirror.find({"", name});
        ASSERT_NE(kept, nullptr) << name;
        EXPECT_EQ(resource_version_of(*kept), std::to_string(version));
    }
    EXPECT_GT(relists, 20);
    EXPECT_GT(changes, 500);
}

INSTANTIATE_TEST_SUITE_P(Seeds, WatchCutsTest, ::testing::Values(1U, 2U, 3U, 4U));

}  // namespace
}  // namespace falconer::k8s
