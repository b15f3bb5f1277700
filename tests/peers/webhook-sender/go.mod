module webhook-sender

go 1.19
