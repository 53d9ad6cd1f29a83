"""One task of one submission, explained to who decides about an appeal, on cases that students never see."""
