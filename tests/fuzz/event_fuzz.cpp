// Fuzzes the event schema: whatever comes in gets one verdict, and the same as another JSON
// reader's.
#include "ingest/event_json.hpp"

#include "support/json_leaves.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace falconer;
using kind = ingest::event_verdict::kind;
using part = event_texts::part;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > ingest::max_body_bytes) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto             now = utc_time(std::chrono::seconds(1'795'000'000));
    const auto             got = ingest::check_event_of_any_cluster(body, now);

    for (const char c : got.reason) require(c >= 0x20 && c < 0x7F, "a reason is printable ASCII");
    require(got.reason.size() < 600, "a reason is short");
    require(got.reason.empty() == (got.what == kind::store), "what is not stored has a reason");
    require(got.about.empty() == (got.what != kind::quarantine), "a quarantine is about something");

    if (got.what == kind::store) {
        const auto shown = falconer::testing::with_shown_characters(body);
        const auto sent  = falconer::testing::leaves_of(shown);
        require(
            got.event.has(event_flag::replaced_characters) == (shown != body),
            "what was replaced is flagged, and nothing else"
        );
        require(
            got.event.texts.get(part::raw).value_or(shown) == body, "what was replaced is kept"
        );
        require(sent.has_value(), "what is stored is JSON to others too");
        const auto fields =
            falconer::testing::leaves_of(got.event.texts.get_or_empty(part::output_fields));
        require(fields && fields->size() > 1, "fields are stored as an object with a key");
        require(
            sent->contains("/rule") &&
                '"' + std::string(got.event.texts.get_or_empty(part::rule)) == sent->at("/rule"),
            "the rule is the sender's"
        );
        for (const auto which : {part::tags, part::extra})
            if (const auto text = got.event.texts.get(which))
                require(falconer::testing::is_json_to_rapidjson(*text), "tags and extra are JSON");
    } else if (got.what == kind::reject400 && got.reason.starts_with("not JSON: expected") &&
               body.find('\0') == std::string_view::npos) {
        require(
            !falconer::testing::is_json_to_rapidjson(body),
            "what is refused is no JSON to others either"
        );
    }
    const auto other = ingest::check_event(body, cluster_identity{"somebody else"}, now);
    require(
        other.what != kind::store || got.what == kind::store, "a token never makes an event better"
    );
    return 0;
}
