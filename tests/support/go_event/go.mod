module go_event

go 1.20
