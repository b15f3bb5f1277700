#include "kubectl.hpp"

#include "falconer/value.hpp"
#include "sandbox/postgres/child_process.hpp"

#include <charconv>
#include <chrono>

namespace falconer::app {
namespace {

int number_in_front(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

bool is_usable_kubectl(std::string_view said) {
    constexpr int oldest_minor = 30;  // of 1
    const auto    begin        = said.find('{');
    const auto    end          = said.rfind('}');
    if (begin == said.npos || end == said.npos || end < begin) return false;
    const auto read = parse_json(said.substr(begin, end - begin + 1));
    if (!read) return false;
    auto version = read->text_at({"clientVersion", "gitVersion"});
    if (!version.starts_with('v')) return false;
    version.remove_prefix(1);
    const auto dot   = version.find('.');
    const auto major = number_in_front(version);
    const auto minor = dot == version.npos ? 0 : number_in_front(version.substr(dot + 1));
    return major > 1 || (major == 1 && minor >= oldest_minor);
}

task<std::string> usable_kubectl(asio::any_io_executor loop, time_source& time) {
    auto asked = sandbox::run_program(
        std::move(loop), time, {"kubectl", "version", "--client", "-o", "json"}, {},
        std::chrono::seconds(5)
    );
    const auto said = co_await std::move(asked);
    if (said && is_usable_kubectl(said->output)) co_return "kubectl";
    co_return "scripts/kubectl.sh";
}

}  // namespace falconer::app
