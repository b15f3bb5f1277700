#include "receiver_book.hpp"

#include "alerts/channels/secret_text.hpp"

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// Of an answer no more is read than the delivery log says.
constexpr std::uint64_t longest_answer = 64 * 1024;

net::http_client::options web_options(const alerts_configuration& how) {
    net::http_client::options opt;
    opt.spare      = 1;
    opt.idle       = 10s;
    opt.connect    = 10s;
    opt.answer     = 15s;
    opt.body_bytes = longest_answer;
    opt.ca         = how.ca_file;
    return opt;
}

/// Read again whenever it has changed.
std::function<result<secret>()> password_in(const std::string& file) {
    if (file.empty()) return {};
    return [text = alerts::secret_text(file)]() mutable { return text.line(); };
}

}  // namespace

result<receiver_book::ptr> receiver_book::make(
    asio::any_io_executor loop, time_source& time, const alerts_configuration& how
) {
    // Its constructor is nobody else's.
    std::shared_ptr<receiver_book> book(new receiver_book);
    auto                           web = net::make_http_client(loop, time, web_options(how));
    if (!web) return std::move(web).error().while_doing("alerts.caFile");
    book->operators_ = std::move(*web);

    auto judged   = web_options(how);
    judged.policy = std::make_shared<const net::address_policy>(how.addresses);
    auto projects = net::make_http_client(loop, time, std::move(judged));
    if (!projects) return std::move(projects).error().while_doing("alerts.caFile");
    book->projects_ = std::move(*projects);

    if (how.mail.asked) {
        net::smtp_client::options server;
        server.host     = how.mail.host;
        server.port     = how.mail.port;
        server.safe     = how.mail.safe;
        server.hello    = how.mail.hello;
        server.ca       = how.mail.ca_file;
        server.user     = how.mail.user;
        server.password = password_in(how.mail.password_file);
        auto mail       = net::make_smtp_client(loop, time, std::move(server));
        if (!mail) return std::move(mail).error().while_doing("alerts.mail.caFile");
        book->mail_ = std::move(*mail);
    }
    for (const auto& each : how.receivers) {
        const alerts::channel_tools with{
            .http      = each.project.empty() ? *book->operators_ : *book->projects_,
            .mail      = book->mail_.get(),
            .mail_from = how.mail.from,
            .time      = time,
            .site      = how.site
        };
        auto channel = alerts::make_channel(each, with);
        if (!channel) return std::move(channel).error().while_doing("alerts.receivers");
        book->all_[{each.project, each.name}] = {
            std::move(*channel), static_cast<double>(each.per_minute)
        };
    }
    return ptr(std::move(book));
}

alerts::reachable receiver_book::find(
    const ptr& in, const std::string& project, const std::string& name
) {
    auto at = in->all_.find({project, name});
    if (at == in->all_.end()) at = in->all_.find({std::string(), name});
    if (at == in->all_.end()) return {.name = project + '/' + name};
    // A channel lives as long as the book that its clients are in.
    return {
        .name       = at->first.first + '/' + name,
        .channel    = std::shared_ptr<alerts::alert_channel>(in, at->second.channel.get()),
        .per_minute = at->second.per_minute
    };
}

}  // namespace falconer::app
