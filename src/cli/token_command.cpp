// falconer token: keys, and the tokens they sign.
#include "commands.hpp"

#include "falconer/duration.hpp"
#include "falconer/event.hpp"
#include "falconer/net/jwt.hpp"
#include "now_option.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

namespace falconer::cli {
namespace {

struct token_options {
    unsigned                 bits = 3072;
    std::string              out{};
    std::vector<std::string> keys{};
    std::string              format = "go";
    std::string              cluster{};
    std::string              lifetime = "168h";
    std::string              profile  = "central";
    std::string              now{};
};

/// Of standard input: longer than any token, so that a longer one is refused for what it is.
constexpr std::size_t largest_input = 64 * 1024;

int complain(const std::string& what, int code) {
    std::cerr << "falconer token: " << what << '\n';
    return code;
}

result<std::string> contents_of(const std::string& file) {
    std::ifstream      in(file, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    if (!in) return failure{errc::not_found, file + ": cannot be read: " + std::strerror(errno)};
    if (std::filesystem::is_directory(file))
        return failure{errc::not_found, file + ": is a directory"};
    return text.str();
}

result<net::private_key> private_key_in(const std::string& file) {
    auto text = contents_of(file);
    if (!text) return std::move(text).error();
    auto key = net::private_key::parse(*text);
    if (!key) return failure{errc::malformed, file + ": " + key.error().detail};
    return key;
}

/// The time a key came to be is its file's: the newest is tried first.
std::string modified(const std::string& file) {
    struct ::stat is{};
    if (::stat(file.c_str(), &is) != 0) return "1970-01-01T00:00:00Z";
    return text_of(event_time{is.st_mtim.tv_sec, 0});
}

int keygen(const token_options& opt) {
    auto key = net::private_key::generate(opt.bits);
    if (!key) return complain(key.error().detail, wrong_usage);
    const auto pem = key->pem();
    if (opt.out.empty()) {
        std::cout << pem.reveal() << std::flush;
        return std::cout ? success : complain("the key could not be written", answer_is_no);
    }
    // O_EXCL: a key that signs somebody's tokens is never overwritten.
    const int file = ::open(opt.out.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return complain(opt.out + ": " + std::strerror(errno), answer_is_no);
    const auto& text = pem.reveal();
    const bool  written =
        ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    const int why = errno;
    ::close(file);
    if (!written) {
        ::unlink(opt.out.c_str());
        return complain(opt.out + ": " + std::strerror(why), answer_is_no);
    }
    return success;
}

int print_keys(const token_options& opt) {
    if (opt.format == "go" && opt.keys.size() > 2)
        return complain(
            "--key: the Go ingestor's keys file holds two keys; --format jwks holds more",
            wrong_usage
        );
    std::vector<net::dated_key>  dated;
    std::vector<net::public_key> plain;
    for (const auto& file : opt.keys) {
        auto key = private_key_in(file);
        if (!key) return complain(key.error().detail, wrong_usage);
        plain.push_back(key->its_public());
        dated.push_back({key->its_public(), modified(file)});
    }
    std::cout << (opt.format == "go" ? net::go_keys_file(dated) : net::jwks(plain));
    return success;
}

int issue(const token_options& opt) {
    const auto lifetime = parse_duration(opt.lifetime);
    const bool lasts    = lifetime && *lifetime >= std::chrono::seconds(1);
    const auto now      = read_now(opt.now);
    const auto key      = private_key_in(opt.keys.front());
    if (!lasts)
        complain(
            "--lifetime: expected a duration such as 168h, found '" + opt.lifetime + '\'',
            wrong_usage
        );
    if (!now) complain(now.error().detail, wrong_usage);
    if (!key) complain(key.error().detail, wrong_usage);
    if (!lasts || !now || !key) return wrong_usage;
    const net::jwt_request what{
        .cluster  = opt.cluster,
        .profile  = opt.profile == "central" ? net::token_profile::central
                                             : net::token_profile::cluster_identity,
        .lifetime = std::chrono::duration_cast<std::chrono::seconds>(*lifetime),
        .now      = *now,
        .id       = uuid::random().text(),
    };
    const auto token = net::issue_jwt(what, *key, {});
    // Nothing leaves that its receiver would refuse; with our own key and clock, for its name only.
    if (!net::verify_jwt(token, {&key->its_public(), 1}, {}, *now))
        return complain(
            "--cluster: expected 1 to 512 bytes of UTF-8 without control characters", wrong_usage
        );
    std::cout << token << '\n';
    return success;
}

int verify(const token_options& opt) {
    std::vector<net::public_key> keys;
    for (const auto& file : opt.keys) {
        auto text = contents_of(file);
        if (!text) return complain(text.error().detail, wrong_usage);
        auto found = net::parse_keys(file, *text);
        if (!found) return complain(found.error().detail, wrong_usage);
        keys.insert(keys.end(), found->begin(), found->end());
    }
    const auto now = read_now(opt.now);
    if (!now) return complain(now.error().detail, wrong_usage);
    std::string token(largest_input, '\0');
    std::cin.read(token.data(), static_cast<std::streamsize>(token.size()));
    token.resize(static_cast<std::size_t>(std::cin.gcount()));
    // The shell's newline; npos + 1 is 0.
    token.resize(token.find_last_not_of(" \t\r\n") + 1);
    const auto verdict = net::verify_jwt(token, keys, {}, *now);
    if (!verdict) {
        std::cerr << "refused: " << verdict.why << '\n';
        if (!verdict.cluster.empty())
            std::cerr << "it was issued for " << verdict.cluster << ", until "
                      << text_of(event_time_of(verdict.expires - net::jwt_rules{}.leeway)) << '\n';
        return answer_is_no;
    }
    std::cout << verdict.claims << '\n';
    return success;
}

}  // namespace

void add_token_command(CLI::App& root, int& exit_code) {
    auto  opt   = std::make_shared<token_options>();
    auto* token = root.add_subcommand("token", "Keys, and the tokens that clusters present");
    token->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, const char* example,
                         int (*act)(const token_options&)) {
        auto* sub = token->add_subcommand(name, what);
        sub->footer(std::string("Example:\n  ") + example);
        sub->callback([opt, act, &exit_code] { exit_code = act(*opt); });
        return sub;
    };
    add_token_revoke_command(*token, exit_code);
    auto* made =
        add("keygen", "Prints a new RSA private key (PKCS#1 PEM)",
            "falconer token keygen --out key.pem", keygen);
    made->add_option("--bits", opt->bits, "2048, 3072 or 4096")
        ->check(CLI::IsMember({2048, 3072, 4096}))
        ->capture_default_str();
    made->add_option("--out", opt->out, "File to make, for its owner only; never overwritten");

    auto* shown =
        add("keys", "Prints the public keys that belong to private ones",
            "falconer token keys --key key.pem --key old.pem > keys.yaml", print_keys);
    shown->add_option("--key", opt->keys, "File with a private key; the newest file is tried first")
        ->required();
    shown->add_option("--format", opt->format, "go: the Go ingestor's keys file; jwks: RFC 7517")
        ->check(CLI::IsMember({"go", "jwks"}))
        ->capture_default_str();

    auto* issued =
        add("issue", "Prints a token for a cluster",
            "falconer token issue --key key.pem --cluster "
            "shoot--demo--a-0a1b2c3d-1111-2222-3333-444455556666-landscape",
            issue);
    issued->add_option("--key", opt->keys, "File with the private key")->required()->expected(1);
    issued->add_option("--cluster", opt->cluster, "The cluster's identity")->required();
    issued->add_option("--lifetime", opt->lifetime, "How long it is valid")->capture_default_str();
    issued->add_option("--profile", opt->profile, "central or cluster-identity")
        ->check(CLI::IsMember({"central", "cluster-identity"}))
        ->capture_default_str();

    auto* checked =
        add("verify",
            "Reads a token on standard input and prints its claims; exit 1 and the reason if it is "
            "refused",
            "falconer token verify --keys keys.yaml < token", verify);
    for (auto* each : {issued, checked})
        each->add_option("--now", opt->now, "The present; without it, the clock's")
            ->type_name("RFC3339");
    checked->add_option("--keys", opt->keys, "File with public keys: the Go ingestor's, or a JWKS")
        ->required();
}

}  // namespace falconer::cli
