#include "dead_letter.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace falconer::ingest {
namespace {

class line_writer {
public:
    void text(const char* key, std::string_view value) {
        json_.Key(key);
        json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    }
    void number(const char* key, std::uint64_t value) {
        json_.Key(key);
        json_.Uint64(value);
    }
    void begin(const char* kind, const cluster_ref& from, utc_time received, std::string_view why) {
        json_.StartObject();
        text("kind", kind);
        if (from) text("cluster", from->text);
        text("received", text_of(event_time_of(received)));
        text("why", why);
    }
    std::string end() {
        json_.EndObject();
        return std::string(out_.GetString(), out_.GetSize()) + '\n';
    }

private:
    rapidjson::StringBuffer                    out_{};
    rapidjson::Writer<rapidjson::StringBuffer> json_{out_};
};

std::string line_of(const falco_event& event, std::string_view why) {
    line_writer line;
    line.begin("event", event.from, event.received, why);
    line.text("uuid", event.id.text());
    line.text("body", body_of(event));
    return line.end();
}

std::string line_of(const quarantined_body& aside, std::string_view why) {
    line_writer line;
    line.begin("body", aside.from, aside.received, why);
    line.text("about", aside.about);
    line.text("reason", aside.reason);
    line.text("body", aside.body);
    return line.end();
}

std::string line_of(const event_tally& tally, std::string_view why) {
    line_writer line;
    line.begin("tally", tally.from, tally.minute, why);
    line.number("cause", static_cast<std::uint64_t>(tally.why));
    line.text("rule", tally.rule);
    line.text("priority", name_of(tally.level));
    line.number("count", tally.count);
    return line.end();
}

}  // namespace

std::string dead_letter_line(const ingest_record& record, std::string_view why) {
    return std::visit([why](const auto& each) { return line_of(each, why); }, record);
}

}  // namespace falconer::ingest
